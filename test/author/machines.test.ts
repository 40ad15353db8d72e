// What a site knows of single machines: mistakes with their places, and a published folder from which nobody learns who they are.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hideIdentifiers } from '../../agent/author/hidden-identifiers.ts';
import { createKey, createMachineKey, loadMachineKey } from '../../agent/author/key-files.ts';
import { MachineRegister } from '../../agent/author/known-machines.ts';
import { publish } from '../../agent/author/publish.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { shardCount } from '../../agent/author/seal-machines.ts';
import { type Identifier, normalIdentifier } from '../../agent/facts/identifiers.ts';
import type { MachineRecord } from '../../agent/policy/machine-record.ts';
import { placeOf, recordIn } from '../../agent/policy/machine-shards.ts';
import { type Policy, policySchema } from '../../agent/policy/policy.ts';
import { recordsKey, stateKey } from '../../agent/trust/machine-key.ts';
import { deployment } from '../support/signed-documents.ts';
import { authorKit, layTree, SITE, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('machines');
const PAIR = '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51';
const TOOLS = { id: 'CON00003', type: 'package', name: 'USMT', version: '10', source: 'files' } as const;
/** As djoin writes it: Base64 in UTF-16 with a byte order mark and a zero at its end. */
const BLOB_TEXT = 'ARAIAMzMzMzwBAAAAAAAAAAAAgABAAAA';
const BLOB = Buffer.from(`\ufeff${BLOB_TEXT}\0`, 'utf16le');
let count = 0;

async function lay(tree: Tree, keys = true): Promise<{ readonly site: string; readonly point: string }> {
  count += 1;
  const site = path.join(temporary, `site-${count}`);
  layTree(site, {
    'site.yaml': SITE['site.yaml'],
    'content/CON00003/content.yaml': TOOLS,
    'content/CON00003/files/scanstate.exe': 'tool',
    ...tree,
  });
  await createKey(path.join(site, 'keys'), 'policy');
  if (keys) await createMachineKey(path.join(site, 'keys'), 'machine');
  return { site, point: path.join(temporary, `point-${count}`) };
}

async function mistakes(tree: Tree): Promise<readonly string[]> {
  const { site } = await lay(tree);
  const { detail } = await faultOf(readSite(site));
  return Array.isArray(detail.issues) ? detail.issues : [];
}

function policyOn(point: string, serial = 1): Policy {
  return policySchema.parse(
    JSON.parse(readFileSync(path.join(point, `policy/${serial}/policy.json`), 'utf8')),
  );
}

/** The record that a machine with this identifier gets. */
async function recordOf(
  { site, point }: { readonly site: string; readonly point: string },
  kind: Identifier['kind'],
  text: string,
): Promise<MachineRecord | undefined> {
  const root = await loadMachineKey(path.join(site, 'keys'), 'machine');
  const { machines, serial } = policyOn(point);
  if (root === undefined || machines === undefined) return undefined;
  const value = normalIdentifier(kind, text) ?? '';
  const place = placeOf(recordsKey(root), { kind, value }, machines.digests.length);
  return recordIn(readFileSync(path.join(point, `policy/${serial}/machines/${place.shard}.json`)), place);
}

/** Every byte of every file, with its name. */
function everything(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(entry => {
      const file = path.join(entry.parentPath, entry.name);
      return `${file}\n${entry.isFile() ? readFileSync(file, 'latin1') : ''}`;
    })
    .join('\n');
}

describe('machines.yaml', () => {
  it.each([
    [
      'an entry that names nobody',
      '- name: PC-1\n',
      'machines.yaml:1:3 [0]: expected at least one of serial, uuid, macs',
    ],
    [
      'a MAC address twice, however it is written',
      '- serial: A\n  macs: ["00:11:22:33:44:55"]\n- serial: B\n  macs: [0011.2233.4455]\n',
      'machines.yaml:4:10 [1].macs[0]: 0011.2233.4455 is used twice, first at machines.yaml:2:10',
    ],
    [
      'a serial number twice but for its case',
      '- serial: SN-1\n- serial: sn-1\n',
      'machines.yaml:2:11 [1].serial: sn-1 is used twice, first at machines.yaml:1:11',
    ],
    [
      'a serial number that YAML reads as a number',
      '- serial: 12345\n',
      'machines.yaml:1:11 [0].serial: expected text (write it in quotes), found 12345',
    ],
    [
      'a computer name that Windows refuses',
      '- serial: A\n  name: much-too-long-a-name\n',
      'machines.yaml:2:9 [0].name: expected a computer name of at most 15 letters, digits and dashes, not digits alone, found much-too-long-a-name',
    ],
    [
      'a secret that stands in the open as well',
      '- serial: A\n  variables: { Pin: "1" }\n  secret: { PIN: "2" }\n',
      'machines.yaml:3:18 [0].secret.PIN: stands among the variables as well, where it is not secret',
    ],
    [
      'a collection that there is not',
      '- serial: A\n  collections: [Gratz]\n',
      'machines.yaml:2:17 [0].collections[0]: collections.yaml has no collection Gratz',
    ],
  ])('tells %s', async (_, text, issue) => {
    expect(await mistakes({ 'machines.yaml': text })).toEqual([issue]);
  });

  it('tells a domain join blob that is absent, one that is too large, and one that is none', async () => {
    const issues = await mistakes({
      'machines.yaml':
        '- serial: A\n  domainJoinBlob: a.djoin\n- serial: B\n  domainJoinBlob: b.djoin\n- serial: C\n  domainJoinBlob: c.djoin\n',
      'b.djoin': new Uint8Array(48 * 1024 + 1),
      'c.djoin': 'no Base64, but a note',
    });
    expect(issues).toEqual([
      expect.stringMatching(/^machines.yaml:2:19 \[0\].domainJoinBlob: no file at .*a\.djoin$/),
      expect.stringContaining(
        'machines.yaml:4:19 [1].domainJoinBlob: expected a file of at most 49152 bytes',
      ),
      expect.stringMatching(
        /^machines.yaml:6:19 .*expected a file as djoin .*found another thing in .*c\.djoin$/,
      ),
    ]);
  });
});

describe('associations.yaml', () => {
  const entry = (more: string, id = PAIR): string =>
    `- id: ${id}\n  from: { serial: OLD }\n  to: { serial: NEW }\n  store: \\\\srv\\state\n${more}`;

  it('offers an ID where there is none', async () => {
    const text = entry('  method: files\n').replace(`- id: ${PAIR}\n  from`, '- from');
    const [issue = ''] = await mistakes({ 'associations.yaml': text });
    expect(issue).toMatch(
      /^associations.yaml:1:3 \[0\]\.id: required, but absent; for this one: [0-9a-f-]{36}$/,
    );
    const offered = issue.slice(-36);
    await expect(
      readSite((await lay({ 'associations.yaml': text.replace('- from', `- id: ${offered}\n  from`) })).site),
    ).resolves.toMatchObject({ associations: [{ id: offered }] });
  });

  it.each([
    [
      'an ID used twice',
      `${entry('  method: files\n')}${entry('  method: files\n').replaceAll('OLD', 'O2').replaceAll('NEW', 'N2')}`,
      [`associations.yaml:6:7 [1].id: ${PAIR} is used twice, first at associations.yaml:1:7`],
    ],
    [
      'a computer in two associations',
      `${entry('  method: files\n')}${entry('  method: files\n', randomUUID()).replaceAll('NEW', 'N2').replaceAll('OLD', 'NEW')}`,
      [
        'associations.yaml:7:9 [1].from: this computer is in another association, at associations.yaml:3:7; remove the one that is done',
      ],
    ],
    [
      'usmt without its package',
      entry('  method: usmt\n'),
      ['associations.yaml:1:3 [0].package: required with method usmt, but absent'],
    ],
    [
      'a package that there is not',
      entry('  method: usmt\n  package: CON0000F\n'),
      ['associations.yaml:6:12 [0].package: no content has the ID CON0000F'],
    ],
    [
      'a package for files',
      entry('  method: files\n  package: CON00003\n'),
      ['associations.yaml:6:12 [0].package: goes with method usmt only'],
    ],
    [
      'a store on the web',
      entry('  method: files\n').replace('\\\\srv\\state', 'https://srv/state'),
      [
        'associations.yaml:4:10 [0].store: expected a share or folder such as \\\\server\\state, found https://srv/state',
      ],
    ],
    [
      'a store that leaves its folder',
      entry('  method: files\n').replace('\\\\srv\\state', 'a/../../b').replace('NEW', 'OLD'),
      [
        'associations.yaml:4:10 [0].store: expected a share or folder such as \\\\server\\state, found a/../../b',
      ],
    ],
    [
      'a store on one of two computers',
      entry('  method: files\n').replace('\\\\srv\\state', 'State'),
      [
        'associations.yaml:4:10 [0].store: a store on the computer’s own volume is for from and to being the same',
      ],
    ],
  ])('tells %s', async (_, text, issues) => {
    expect(await mistakes({ 'associations.yaml': text })).toEqual(issues);
  });

  it('tells an end that machines.yaml knows as two machines', async () => {
    const uuid = '4C4C4544-0042-4810-8051-B4C04F4E3132';
    const issues = await mistakes({
      'machines.yaml': [{ serial: 'OLD' }, { uuid }],
      'associations.yaml': entry('  method: files\n').replace('serial: OLD', `serial: OLD, uuid: ${uuid}`),
    });
    expect(issues).toEqual([
      'associations.yaml:2:9 [0].from: serial and uuid are those of two machines in machines.yaml',
    ]);
  });
});

describe('publish', () => {
  const machines = {
    'machines.yaml': [
      {
        serial: 'ZQSERNO-A',
        uuid: '4C4C4544-0042-4810-8051-B4C04F4E3132',
        name: 'PC-ZQSERNO',
        secret: { Pin: 'geheim-4711' },
        domainJoinBlob: 'a.djoin',
        collections: ['Wien'],
      },
    ],
    'a.djoin': BLOB,
    'collections.yaml': [
      { name: 'Wien' },
      { name: 'Graz', rule: { serials: ['ZQSERNO-A', 'ZQSERNO-B'] }, variables: { Site: 'Graz' } },
      { name: 'Laptops', rule: { models: ['Book 14'] } },
    ],
    'associations.yaml': [
      {
        id: PAIR,
        from: { serial: 'ZQSERNO-OLD' },
        to: { serial: 'ZQSERNO-A' },
        store: '\\\\srv\\state',
        method: 'files',
      },
    ],
  };
  const hiding = { 'site.yaml': { ...(SITE['site.yaml'] as object), hideIdentifiers: true } };

  it('needs the machine key, and says how to make it, before anything is copied', async () => {
    const { site, point } = await lay(machines, false);
    const fault = await faultOf(publish({ site, point }, authorKit()));
    expect(fault).toMatchObject({
      code: 'USAGE-11',
      detail: { expected: expect.stringContaining('prestage keys new machine --machine --in ') },
    });
    expect(() => statSync(point)).toThrow();
  });

  it('puts together what the documents say of a machine, under each of its identifiers', async () => {
    const request = await lay({ ...machines, ...hiding });
    expect((await publish(request, authorKit())).machines).toBe(3);
    const root = (await loadMachineKey(path.join(request.site, 'keys'), 'machine')) ?? new Uint8Array();
    const record = await recordOf(request, 'serial', 'zqserno-a');
    expect(record).toEqual({
      format: 'prestage-machine/1',
      name: 'PC-ZQSERNO',
      variables: { OSDComputerName: 'PC-ZQSERNO', Pin: 'geheim-4711' },
      secret: ['Pin'],
      collections: ['Wien', 'Graz'],
      domainJoinBlob: BLOB.toString('base64'),
      userState: {
        role: 'restore',
        association: PAIR,
        store: '\\\\srv\\state',
        key: stateKey(root, PAIR),
        method: 'files',
      },
    });
    expect(await recordOf(request, 'uuid', '{4c4c4544-0042-4810-8051-b4c04f4e3132}')).toEqual(record);
    expect(await recordOf(request, 'serial', 'ZQSERNO-OLD')).toMatchObject({
      userState: { role: 'capture' },
    });
    expect(await recordOf(request, 'serial', 'ZQSERNO-B')).toMatchObject({ collections: ['Graz'] });
    expect(await recordOf(request, 'serial', 'ZQSERNO-C')).toBeUndefined();
  });

  it('a computer that takes over its own state gets one record, for both ends', async () => {
    const own = { id: PAIR, from: { serial: 'A' }, to: { serial: 'A' }, store: 'State', method: 'files' };
    const request = await lay({ 'associations.yaml': [own] });
    await publish(request, authorKit());
    expect(await recordOf(request, 'serial', 'A')).toMatchObject({
      userState: { role: 'refresh', store: 'State' },
    });
  });

  it('leaves no identifier, name or secret in any published byte', async () => {
    const request = await lay({ ...machines, ...hiding });
    await publish(request, authorKit());
    const bytes = everything(request.point);
    expect(bytes).toContain('Graz');
    for (const word of ['ZQSERNO', '4C4C4544', 'geheim-4711', '\\\\srv', PAIR, BLOB_TEXT]) {
      const coded = Buffer.from(word);
      // The middle of its base64 does not depend on what stands around it.
      const forms = [word, word.toLowerCase(), coded.toString('hex'), coded.toString('base64').slice(0, 8)];
      for (const form of forms) expect(bytes.includes(form), form).toBe(false);
    }
    const { collections } = policyOn(request.point);
    expect(collections).toEqual([
      { name: 'Wien', variables: {} },
      { name: 'Graz', variables: { Site: 'Graz' } },
      { name: 'Laptops', rule: { models: ['Book 14'] }, variables: {} },
    ]);
  });

  it('makes a deployment’s own list of machines a collection of its own', () => {
    const register = new MachineRegister();
    const told = hideIdentifiers(
      {
        collections: [],
        deployments: [
          deployment('CON20001', { collection: { macs: ['00-11-22-33-44-55'] } }),
          deployment('CON20002'),
        ],
      },
      register,
    );
    expect(told.collections).toEqual([{ name: 'deployment CON20001', variables: {} }]);
    expect(told.deployments.map(({ collection }) => collection)).toEqual(['deployment CON20001', 'all']);
    expect(register.machines).toEqual([
      {
        identifiers: [{ kind: 'mac', value: '001122334455' }],
        record: expect.objectContaining({ collections: ['deployment CON20001'] }),
      },
    ]);
  });

  it('leaves short lists where they are, and hides long ones', async () => {
    const serials = (length: number) => Array.from({ length }, (_, n) => `ZQSERNO-${n}`);
    for (const [length, hidden] of [
      [500, false],
      [501, true],
    ] as const) {
      const request = await lay({
        'collections.yaml': [{ name: 'Graz', rule: { serials: serials(length) } }],
      });
      const { machines: records } = await publish(request, authorKit());
      expect(records).toBe(hidden ? length : 0);
      expect(everything(request.point).includes('ZQSERNO')).toBe(!hidden);
    }
  });

  it('refuses to hide a collection that only the machine itself can judge', async () => {
    const issues = await mistakes({
      ...hiding,
      'collections.yaml': '- name: Graz\n  rule:\n    serials: [A]\n    models: [Book 14]\n',
    });
    expect(issues).toEqual([
      'collections.yaml:3:5 [0].rule: is told in machine records (hideIdentifiers), so serials, uuids or macs cannot be combined with another list; name the machines in machines.yaml instead',
    ]);
  });

  it('an unchanged site is sealed anew, and nobody can tell that it is unchanged', async () => {
    const request = await lay(machines);
    await publish(request, authorKit());
    await publish(request, authorKit());
    const [one, two] = [policyOn(request.point, 1), policyOn(request.point, 2)];
    expect(one.machines?.digests.length).toBe(two.machines?.digests.length);
    expect(one.machines?.digests).not.toEqual(two.machines?.digests);
    expect(one.machines?.keyId).toBe(two.machines?.keyId);
  });

  it('with another key is another site to old media, and policy tells it', async () => {
    const request = await lay(machines);
    await publish(request, authorKit());
    rmSync(path.join(request.site, 'keys/machine.key'));
    await createMachineKey(path.join(request.site, 'keys'), 'machine');
    await publish(request, authorKit());
    expect(policyOn(request.point, 1).machines?.keyId).not.toBe(policyOn(request.point, 2).machines?.keyId);
  });
});

describe('the number of shards', () => {
  const rows = (length: number) =>
    Array.from({ length }, () => ({ record: { format: 'prestage-machine/1' as const } }));

  it.each([
    [0, 1],
    [20, 1],
    [1_000, 32],
    [150_000, 512],
    [600_000, 1024],
  ])('for %d entries is %d', (entries, shards) => {
    expect(shardCount(rows(entries))).toBe(shards);
  });
});

it('the machine key is readable by its owner alone, and never overwritten', async () => {
  const folder = path.join(temporary, 'keys');
  const file = await createMachineKey(folder, 'machine');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await faultOf(createMachineKey(folder, 'machine'))).code).toBe('USAGE-09');
});
