// Collections that a site hides but cannot: whether a machine matches two lists shows at that machine only.
import type { Collection } from '../policy/policy.ts';
import { canBeHidden, HIDDEN_ABOVE, hidesIdentifiers, namingLists } from './hidden-identifiers.ts';
import type { Located, SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

/** @returns every mistake, with file, line and column. */
export function hidingIssues({ site, collections, deployments, machines }: SiteDocuments): SiteIssue[] {
  const naming = { collections: collections?.value ?? [], deployments: deployments?.value ?? [] };
  const settings = { hideIdentifiers: site?.value.hideIdentifiers, machines: machines?.value ?? [] };
  if (!hidesIdentifiers(settings, naming)) return [];
  const why =
    settings.hideIdentifiers === true
      ? 'hideIdentifiers'
      : `this site has more than ${HIDDEN_ABOVE} identifiers`;
  const tell = (
    document: Located<unknown> | undefined,
    place: readonly (string | number)[],
    collection: Collection | undefined,
  ) => {
    const lists = namingLists(collection);
    if (document === undefined || lists === undefined || canBeHidden(lists)) return [];
    const text = `is told in machine records (${why}), so serials, uuids or macs cannot be combined with another list; name the machines in machines.yaml instead`;
    return [siteIssue(document, place, text)];
  };
  return [
    ...naming.collections.flatMap(({ rule }, at) => tell(collections, [at, 'rule'], rule)),
    ...naming.deployments.flatMap(({ collection }, at) => tell(deployments, [at, 'collection'], collection)),
  ];
}
