// Media that demands the receipt of a depot while the site names none: no disk of it could ever be deployed.
import type { SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

/** @returns every mistake, with file, line and column. */
export function receiptIssues({ site, media }: SiteDocuments): SiteIssue[] {
  const depots = site?.value.keys.depots ?? [];
  // A site.yaml that could not be read is told for itself.
  if (site === undefined || depots.length > 0) return [];
  return media
    .filter(({ value }) => value.receipt === 'required')
    .map(document =>
      siteIssue(
        document,
        ['receipt'],
        'is required, and site.yaml names no depot that could sign one: keys.depots',
      ),
    );
}
