// What is wrong with machines.yaml and associations.yaml beyond their schemas: a machine told twice, a computer in two associations, names that
// lead nowhere.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Identifier, normalIdentifier } from '../facts/identifiers.ts';
import { accountData } from '../policy/domain-join-blob.ts';
import { hidingIssues } from './hiding-issues.ts';
import { identifiersIn, MachineRegister } from './known-machines.ts';
import { type AssociationDocument, isOnOwnVolume } from './machine-documents.ts';
import type { SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue as issue } from './site-issue.ts';

/** Cap on a domain join blob; with base64 it stays below that of the record. */
export const BLOB_MAX_BYTES = 48 * 1024;

/** @returns every mistake, with file, line and column. @param root the site folder. */
export async function machineIssues(documents: SiteDocuments, root: string): Promise<SiteIssue[]> {
  return [
    ...repeatedIdentifiers(documents),
    ...variablesToldTwice(documents),
    ...(await blobIssues(documents, root)),
    ...associationIssues(documents),
    ...hidingIssues(documents),
  ];
}

type Path = readonly (string | number)[];

/** Each identifier with the place where machines.yaml has it. */
function* placedIdentifiers({ machines }: SiteDocuments): Generator<readonly [Identifier, Path, string]> {
  for (const [at, { uuid, serial, macs = [] }] of (machines?.value ?? []).entries()) {
    for (const [kind, text, place] of [
      ['uuid', uuid, [at, 'uuid']],
      ['serial', serial, [at, 'serial']],
      ...macs.map((mac, n) => ['mac', mac, [at, 'macs', n]] as const),
    ] as const) {
      const value = text === undefined ? undefined : normalIdentifier(kind, text);
      if (text !== undefined && value !== undefined) yield [{ kind, value }, place, text];
    }
  }
}

function repeatedIdentifiers(documents: SiteDocuments): SiteIssue[] {
  const { machines } = documents;
  if (machines === undefined) return [];
  const first = new Map<string, Path>();
  const issues: SiteIssue[] = [];
  for (const [{ kind, value }, place, text] of placedIdentifiers(documents)) {
    const earlier = first.get(`${kind} ${value}`);
    if (earlier === undefined) first.set(`${kind} ${value}`, place);
    else issues.push(issue(machines, place, `${text} is used twice, first at ${machines.locate(earlier)}`));
  }
  return issues;
}

function variablesToldTwice({ machines }: SiteDocuments): SiteIssue[] {
  if (machines === undefined) return [];
  return machines.value.flatMap(({ variables, secret }, at) => {
    const open = new Set(Object.keys(variables).map(name => name.toLowerCase()));
    return Object.keys(secret)
      .filter(name => open.has(name.toLowerCase()))
      .map(name =>
        issue(machines, [at, 'secret', name], 'stands among the variables as well, where it is not secret'),
      );
  });
}

async function blobIssues({ machines }: SiteDocuments, root: string): Promise<SiteIssue[]> {
  if (machines === undefined) return [];
  const issues: SiteIssue[] = [];
  for (const [at, { domainJoinBlob }] of machines.value.entries()) {
    if (domainJoinBlob === undefined) continue;
    const file = path.resolve(root, domainJoinBlob);
    const found = await stat(file).catch(() => undefined); // Absent and unreadable are told alike, with the path.
    if (!found?.isFile())
      issues.push(issue(machines, [at, 'domainJoinBlob'], `no file at ${file}`, 'USAGE-05'));
    else if (found.size > BLOB_MAX_BYTES) {
      const text = `expected a file of at most ${BLOB_MAX_BYTES} bytes, as djoin writes it, found ${found.size}`;
      issues.push(issue(machines, [at, 'domainJoinBlob'], text));
    } else if (accountData(await readFile(file)) === undefined) {
      const text = `expected a file as djoin /provision /savefile writes it, found another thing in ${file}`;
      issues.push(issue(machines, [at, 'domainJoinBlob'], text));
    }
  }
  return issues;
}

function associationIssues(documents: SiteDocuments): SiteIssue[] {
  const { associations, machines, content } = documents;
  if (associations === undefined) return [];
  const register = new MachineRegister();
  for (const machine of machines?.value ?? []) register.have(identifiersIn(machine));
  const types = new Map(content.map(({ value }) => [value.id, value.type]));
  const ids = new Map<string, number>();
  const computers = new Map<number, Path>();
  return associations.value.flatMap((association, at) => {
    const tell = (place: Path, text: string, code?: SiteIssue['code']) =>
      issue(associations, [at, ...place], text, code);
    const issues: SiteIssue[] = [];
    const { id, from, to, store, method, package: tools } = association;
    const earlier = id === undefined ? undefined : ids.get(id.toLowerCase());
    if (id === undefined)
      issues.push(tell(['id'], `required, but absent; for this one: ${offeredId(association, at)}`));
    else if (earlier === undefined) ids.set(id.toLowerCase(), at);
    else issues.push(tell(['id'], `${id} is used twice, first at ${associations.locate([earlier, 'id'])}`));

    const named = { from: register.find(identifiersIn(from)), to: register.find(identifiersIn(to)) };
    for (const end of ['from', 'to'] as const) {
      if (named[end].length > 1)
        issues.push(tell([end], 'serial and uuid are those of two machines in machines.yaml'));
    }
    const giver = register.have(identifiersIn(from));
    const taker = register.have(identifiersIn(to));
    for (const [end, computer] of giver === taker
      ? ([['from', giver]] as const)
      : ([
          ['from', giver],
          ['to', taker],
        ] as const)) {
      const other = computers.get(computer);
      if (other === undefined) computers.set(computer, [at, end]);
      else
        issues.push(
          tell(
            [end],
            `this computer is in another association, at ${associations.locate(other)}; remove the one that is done`,
          ),
        );
    }
    if (giver !== taker && isOnOwnVolume(store))
      issues.push(tell(['store'], 'a store on the computer’s own volume is for from and to being the same'));

    if (method === 'usmt' && tools === undefined)
      issues.push(tell(['package'], 'required with method usmt, but absent'));
    if (method === 'files' && tools !== undefined)
      issues.push(tell(['package'], 'goes with method usmt only'));
    const type = tools === undefined ? undefined : types.get(tools);
    if (tools !== undefined && type !== 'package') {
      const found =
        type === undefined
          ? `no content has the ID ${tools}`
          : `expected content of type package, found ${tools} of type ${type}`;
      issues.push(tell(['package'], found, 'USAGE-05'));
    }
    return issues;
  });
}

/** An ID that depends on what the entry says and where it stands: it need not be random, but no other entry of this file gets it (RFC 9562, version 8). */
function offeredId(association: AssociationDocument, at: number): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([at, association]))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
