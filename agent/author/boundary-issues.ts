// What is wrong with the boundary groups of site.yaml beyond their schema: places that are none, names told twice, neighbours that lead nowhere, groups
// that nobody can be in.
import { isIP } from 'node:net';
import { subnet } from '../facts/subnet.ts';
import { networkIssues } from './collection-issues.ts';
import type { Located, SiteDocuments, SiteIssue } from './read-site.ts';
import type { SiteDocument } from './site-documents.ts';
import { siteIssue } from './site-issue.ts';

type AuthoredGroup = SiteDocument['boundaries'][number];

/** The same in every network (RFC 4291, RFC 3927), so that they name none. */
const LINK_LOCAL = [subnet('fe80::/10'), subnet('169.254.0.0/16')];

/** @returns every mistake, with file, line and column. Circles of neighbours are none: a neighbour's own neighbours are not asked. */
export function boundaryIssues({ site }: SiteDocuments): SiteIssue[] {
  if (site === undefined) return [];
  const { boundaries } = site.value;
  const named = new Set(boundaries.flatMap(({ neighbours = [] }) => neighbours.map(keyOf)));
  return boundaries.flatMap((group, at) => [
    ...nameIssues(site, boundaries, at),
    ...networkIssues(site, ['boundaries', at, 'subnets'], group.subnets ?? []),
    ...gatewayIssues(site, ['boundaries', at, 'gateways'], group.gateways ?? []),
    ...neighbourIssues(site, boundaries, at),
    ...(isReached(group) || named.has(keyOf(group.name))
      ? []
      : [
          siteIssue(
            site,
            ['boundaries', at],
            `expected subnets, gateways, adSites or default: nobody is in ${group.name}, and it is no group's neighbour`,
          ),
        ]),
  ]);
}

function isReached({
  subnets = [],
  gateways = [],
  adSites = [],
  default: everybodys,
}: AuthoredGroup): boolean {
  return everybodys === true || subnets.length + gateways.length + adSites.length > 0;
}

function nameIssues(
  site: Located<SiteDocument>,
  boundaries: readonly AuthoredGroup[],
  at: number,
): SiteIssue[] {
  const name = boundaries[at]?.name ?? '';
  const first = boundaries.findIndex(each => keyOf(each.name) === keyOf(name));
  if (first === at) return [];
  const earlier = site.locate(['boundaries', first, 'name']);
  return [
    siteIssue(site, ['boundaries', at, 'name'], `${name} is used twice, first at ${earlier}`, 'USAGE-04'),
  ];
}

function gatewayIssues(
  site: Located<SiteDocument>,
  place: readonly (string | number)[],
  gateways: readonly string[],
): SiteIssue[] {
  return gateways.flatMap((text, n) => {
    const found = JSON.stringify(text);
    if (isIP(text) === 0 || text.includes('%'))
      return [siteIssue(site, [...place, n], `expected the IP address of a gateway, found ${found}`)];
    return LINK_LOCAL.some(network => network?.holds(text))
      ? [
          siteIssue(
            site,
            [...place, n],
            `expected an address that only one network has, found the link-local ${found}`,
          ),
        ]
      : [];
  });
}

function neighbourIssues(
  site: Located<SiteDocument>,
  boundaries: readonly AuthoredGroup[],
  at: number,
): SiteIssue[] {
  const { name = '', neighbours = [] } = boundaries[at] ?? {};
  return neighbours.flatMap((neighbour, n) => {
    const place = ['boundaries', at, 'neighbours', n];
    if (keyOf(neighbour) === keyOf(name))
      return [siteIssue(site, place, `${name} is no neighbour of itself`)];
    return boundaries.some(each => keyOf(each.name) === keyOf(neighbour))
      ? []
      : [siteIssue(site, place, `boundaries has no group ${neighbour}`, 'USAGE-05')];
  });
}

/** As machines compare names. */
function keyOf(name: string): string {
  return name.trim().toLowerCase();
}
