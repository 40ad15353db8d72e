// One mistake in a document of a site: where it stands, which field it is about, and what is wrong.
import type { Located, SiteIssue } from './read-site.ts';

/** @param place the way to the field; it may end before a field that is absent. */
export function siteIssue(
  { locate }: Pick<Located<unknown>, 'locate'>,
  place: readonly (string | number)[],
  text: string,
  code: SiteIssue['code'] = 'USAGE-02',
): SiteIssue {
  const way = place
    .map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
  return { code, text: `${locate(place)} ${way === '' ? '' : `${way}: `}${text}` };
}
