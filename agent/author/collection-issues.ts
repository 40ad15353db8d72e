// What is wrong with collections, and with what refers to them, beyond their schemas: names that lead nowhere or are told twice, identifiers and
// networks that are none, schedules that never begin.
import { type IdentifierKind, normalIdentifier } from '../facts/identifiers.ts';
import { subnet } from '../facts/subnet.ts';
import type { CollectionLists } from '../policy/policy.ts';
import type { Located, SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

type Path = readonly (string | number)[];

/** @returns every mistake, with file, line and column. */
export function collectionIssues(documents: SiteDocuments): SiteIssue[] {
  return [
    ...namedIssues(documents),
    ...deploymentIssues(documents),
    ...machineIssues(documents),
    ...siteIssues(documents),
  ];
}

function namedIssues({ collections }: SiteDocuments): SiteIssue[] {
  if (collections === undefined) return [];
  const first = new Map<string, number>();
  return collections.value.flatMap(({ name, rule }, at) => {
    const earlier = first.get(name.toLowerCase());
    if (earlier === undefined) first.set(name.toLowerCase(), at);
    const place = [at, 'name'];
    return [
      ...(earlier === undefined
        ? []
        : [
            siteIssue(
              collections,
              place,
              `${name} is used twice, first at ${collections.locate([earlier, 'name'])}`,
              'USAGE-04',
            ),
          ]),
      ...(/^(all|unknown)$/i.test(name)
        ? [siteIssue(collections, place, `${name} is the name of a collection that every site has`)]
        : []),
      ...(typeof rule === 'object' ? listIssues(collections, [at, 'rule'], rule) : []),
    ];
  });
}

function deploymentIssues(documents: SiteDocuments): SiteIssue[] {
  const { deployments } = documents;
  if (deployments === undefined) return [];
  return deployments.value.flatMap(({ collection, schedule: { from, until } = {} }, at) => [
    ...(typeof collection === 'object'
      ? listIssues(deployments, [at, 'collection'], collection)
      : unknownName(documents, deployments, [at, 'collection'], collection)),
    ...(from !== undefined && until !== undefined && Date.parse(from) > Date.parse(until)
      ? [siteIssue(deployments, [at, 'schedule', 'until'], `expected a time after ${from}, found ${until}`)]
      : []),
  ]);
}

function machineIssues(documents: SiteDocuments): SiteIssue[] {
  const { machines } = documents;
  if (machines === undefined) return [];
  return machines.value.flatMap(({ collections }, at) =>
    collections.flatMap((name, n) => unknownName(documents, machines, [at, 'collections', n], name)),
  );
}

/** A mistyped name would hold nobody, and nobody would be told. */
function unknownName(
  { collections, unread }: SiteDocuments,
  document: Located<unknown>,
  place: Path,
  name: string,
): SiteIssue[] {
  if (name === 'all' || name === 'unknown' || unread.has('collections.yaml')) return [];
  const names = (collections?.value ?? []).map(each => each.name);
  if (names.some(each => each.toLowerCase() === name.toLowerCase())) return [];
  return [siteIssue(document, place, `collections.yaml has no collection ${name}`, 'USAGE-05')];
}

function siteIssues({ site }: SiteDocuments): SiteIssue[] {
  if (site === undefined) return [];
  return identifierIssues(site, ['sharedAdapters'], 'mac', site.value.sharedAdapters);
}

function listIssues(document: Located<unknown>, place: Path, lists: CollectionLists): SiteIssue[] {
  const { serials = [], uuids = [], macs = [], subnets = [] } = lists;
  return [
    ...identifierIssues(document, [...place, 'serials'], 'serial', serials),
    ...identifierIssues(document, [...place, 'uuids'], 'uuid', uuids),
    ...identifierIssues(document, [...place, 'macs'], 'mac', macs),
    ...networkIssues(document, [...place, 'subnets'], subnets),
  ];
}

const EXPECTED: Readonly<Record<IdentifierKind, string>> = {
  serial: 'a serial number',
  uuid: 'a UUID of 32 hex digits, such as 4C4C4544-0042-4810-8051-B4C04F4E3132',
  mac: 'a MAC address of 12 hex digits, such as 00:11:22:33:44:55',
};

function identifierIssues(
  document: Located<unknown>,
  place: Path,
  kind: IdentifierKind,
  texts: readonly string[],
): SiteIssue[] {
  return texts.flatMap((text, n) =>
    normalIdentifier(kind, text) === undefined
      ? [siteIssue(document, [...place, n], `expected ${EXPECTED[kind]}, found ${JSON.stringify(text)}`)]
      : [],
  );
}

/** @returns each text that is no network. */
export function networkIssues(
  document: Located<unknown>,
  place: Path,
  texts: readonly string[],
): SiteIssue[] {
  return texts.flatMap((text, n) =>
    subnet(text) === undefined
      ? [
          siteIssue(
            document,
            [...place, n],
            `expected a network such as 10.1.0.0/16 or 2001:db8::/32, found ${JSON.stringify(text)}`,
          ),
        ]
      : [],
  );
}
