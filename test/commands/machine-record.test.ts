// A machine asks real servers for its own record, keeps it, and reads it again in the new Windows.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey, createMachineKey, loadMachineKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import {
  keepMachineRecord,
  keptMachineRecord,
  obtainMachineRecord,
  type RecordContext,
} from '../../agent/commands/deployment/machine-record.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import { openRedactor } from '../../agent/fault/redact.ts';
import type { JournalRecord } from '../../agent/journal/record.ts';
import type { MediaManifest } from '../../agent/media/media-manifest.ts';
import { type Policy, policySchema } from '../../agent/policy/policy.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import { recordsKey } from '../../agent/trust/machine-key.ts';
import { LAPTOP, mediaManifest } from '../support/signed-documents.ts';
import { authorKit, layTree, SITE } from '../support/site-kit.ts';
import { faultOf, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('machine-record');
const site = path.join(temporary, 'site');
const point = path.join(temporary, 'point');
const requests: string[] = [];
let server: Awaited<ReturnType<typeof serveFolder>>;
let url = '';
let policy: Policy;
let media: MediaManifest;
let volume = '';
let count = 0;

const DOCK = '02:00:00:00:00:01';
const MACHINES = [
  {
    serial: 'SN-0042',
    uuid: '4C4C4544-0042-4810-8051-B4C04F4E3132',
    macs: ['00:11:22:33:44:55'],
    name: 'PC-0042',
    variables: { OSDTimeZone: 'UTC' },
    secret: { Pin: 'geheim-4711' },
  },
  { serial: 'SN-0099', name: 'PC-0099' },
  { macs: [DOCK], name: 'DOCKED' },
];

beforeAll(async () => {
  layTree(site, { 'site.yaml': SITE['site.yaml'], 'machines.yaml': MACHINES });
  await createKey(path.join(site, 'keys'), 'policy');
  await createMachineKey(path.join(site, 'keys'), 'machine');
  const { serial } = await publish({ site, point }, authorKit());
  policy = policySchema.parse(
    JSON.parse(readFileSync(path.join(point, `policy/${serial}/policy.json`), 'utf8')),
  );
  const root = await loadMachineKey(path.join(site, 'keys'), 'machine');
  const machineKey = Buffer.from(recordsKey(root ?? new Uint8Array())).toString('base64');
  media = mediaManifest('ed25519:x', { machineKey });
  const observe = (event: ProgressEvent): void => {
    if (event.kind === 'note') requests.push(event.text);
  };
  server = await serveFolder({ folder: point, port: 0, host: '127.0.0.1', observe });
  url = `${server.url}/`;
});
afterAll(() => server.close());
beforeEach(() => {
  count += 1;
  volume = path.join(temporary, `volume-${count}`);
  mkdirSync(volume);
  requests.length = 0;
});

const only = (identifiers: Partial<MachineFacts>): MachineFacts => {
  const { serial: _, uuid: __, ...rest } = LAPTOP;
  return { ...rest, macAddresses: [], ...identifiers };
};

interface TestContext extends RecordContext {
  readonly notes: string[];
  readonly redact: (text: string) => string;
}

function context(
  points: readonly string[] = [url],
  manifest = media,
  records: readonly JournalRecord[] = [],
): TestContext {
  const notes: string[] = [];
  const { redact, learn } = openRedactor();
  return {
    layout: cacheLayout(volume),
    managementPoints: points.map((each, priority) => openTestSource(each, { priority })),
    manifest,
    records,
    observe: event => void (event.kind === 'note' && notes.push(event.text)),
    composition: { durable: openDurableFiles(), signal: new AbortController().signal, learnSecret: learn },
    notes,
    redact,
  };
}

describe('a known machine', () => {
  it.each([
    ['all that identifies it', LAPTOP],
    ['its UUID alone', only({ uuid: '{4c4c4544-0042-4810-8051-b4c04f4e3132}' })],
    ['its serial number alone', only({ serial: ' sn-0042 ' })],
    ['a MAC address alone', only({ macAddresses: ['AA-BB-CC-DD-EE-FF', '0011.2233.4455'] })],
    [
      'a wrong UUID and its serial number',
      only({ uuid: '00000000-0000-0000-0000-00000000BAD0', serial: 'SN-0042' }),
    ],
  ])('finds its record by %s', async (_, facts) => {
    const found = await obtainMachineRecord(context(), policy, facts);
    expect(found?.record).toMatchObject({
      name: 'PC-0042',
      variables: { OSDComputerName: 'PC-0042', OSDTimeZone: 'UTC', Pin: 'geheim-4711' },
      secret: ['Pin'],
    });
  });

  it('tells the redactor its secrets before anybody can show them', async () => {
    const run = context();
    await obtainMachineRecord(run, policy, LAPTOP);
    expect(run.redact('the pin is geheim-4711 in UTC')).toBe('the pin is ******** in UTC');
  });

  it('fetches no more than the shards that its identifiers lead to', async () => {
    await obtainMachineRecord(context(), policy, LAPTOP);
    expect(requests).toEqual([`GET /policy/1/machines/0.json 200`]);
  });

  it('goes by UUID before serial number, when they are those of two machines', async () => {
    const found = await obtainMachineRecord(context(), policy, { ...LAPTOP, serial: 'SN-0099' });
    expect(found?.record.name).toBe('PC-0042');
  });
});

describe('an unknown computer', () => {
  it.each([
    ['that no document names', only({ serial: 'SN-1', uuid: '4C4C4544-0042-4810-8051-B4C04F4E3133' })],
    ['that says nothing of itself', only({})],
  ])('%s has no record', async (_, facts) => {
    expect(await obtainMachineRecord(context(), policy, facts)).toBeUndefined();
  });

  it('is not taken for the machine of the dock that it hangs on', async () => {
    const facts = only({ macAddresses: [DOCK] });
    expect((await obtainMachineRecord(context(), policy, facts))?.record.name).toBe('DOCKED');
    const shared = { ...policy, sharedAdapters: ['02-00-00-00-00-01'] };
    expect(await obtainMachineRecord(context(), shared, facts)).toBeUndefined();
  });

  it('is everybody to media without the key, or with another, and says so', async () => {
    const { machineKey: _, ...without } = media;
    const other = { ...media, machineKey: Buffer.alloc(32, 9).toString('base64') };
    for (const [manifest, words] of [
      [without, 'before it had a machine key'],
      [other, 'with another machine key'],
    ] as const) {
      const run = context([url], manifest);
      expect(await obtainMachineRecord(run, policy, LAPTOP)).toBeUndefined();
      expect(run.notes).toEqual([expect.stringContaining(words)]);
    }
  });

  it('asks for nothing when policy has no records', async () => {
    const { machines: _, ...without } = policy;
    expect(await obtainMachineRecord(context(), without, LAPTOP)).toBeUndefined();
    expect(requests).toEqual([]);
  });
});

describe('a management point', () => {
  const lying = path.join(temporary, 'lying');
  let liar: Awaited<ReturnType<typeof serveFolder>>;
  beforeAll(async () => {
    const shard = readFileSync(path.join(point, 'policy/1/machines/0.json'));
    layTree(lying, { 'policy/1/machines/0.json': Buffer.concat([shard, Buffer.from(' ')]) });
    liar = await serveFolder({ folder: lying, port: 0, host: '127.0.0.1', observe: () => {} });
  });
  afterAll(() => liar.close());

  it('that serves another shard than policy pins is passed over', async () => {
    const run = context([`${liar.url}/`, url]);
    expect((await obtainMachineRecord(run, policy, LAPTOP))?.record.name).toBe('PC-0042');
    expect(run.notes).toEqual([expect.stringContaining('TRUST-07')]);
  });

  it('is TRUST-07 when no other serves the right one', async () => {
    const fault = await faultOf(obtainMachineRecord(context([`${liar.url}/`]), policy, LAPTOP));
    expect(fault).toMatchObject({ code: 'TRUST-07', detail: { expected: policy.machines?.digests[0] } });
  });

  it('that served policy is asked first', async () => {
    const run = context([`${liar.url}/`, url]);
    const [, good] = run.managementPoints;
    await obtainMachineRecord(run, policy, LAPTOP, good?.name);
    expect(run.notes).toEqual([]);
  });

  it('that cannot be reached is a fault: a known machine is not taken for an unknown one', async () => {
    const fault = await faultOf(obtainMachineRecord(context(['http://127.0.0.1:1/']), policy, LAPTOP));
    expect(fault.code).toMatch(/^NET-/);
  });
});

describe('offline', () => {
  it('the records that the media carries are read, and nobody is asked', async () => {
    const run = context();
    mkdirSync(path.dirname(run.layout.policyShard(0)), { recursive: true });
    writeFileSync(run.layout.policyShard(0), readFileSync(path.join(point, 'policy/1/machines/0.json')));
    expect((await obtainMachineRecord(run, policy, LAPTOP, 'media'))?.record.name).toBe('PC-0042');
    expect(requests).toEqual([]);
  });

  it('a damaged copy is not read, and without another it is CONTENT-01', async () => {
    const run = context();
    mkdirSync(path.dirname(run.layout.policyShard(0)), { recursive: true });
    writeFileSync(run.layout.policyShard(0), '{"format":"prestage-machines/1","entries":[]}');
    const fault = await faultOf(obtainMachineRecord(run, policy, LAPTOP, 'media'));
    expect(fault.code).toBe('CONTENT-01');
  });
});

describe('in the new Windows', () => {
  const machine = (facts: MachineFacts): JournalRecord => ({
    type: 'machine',
    facts,
    n: 0,
    at: '2026-03-01T00:00:00Z',
  });

  it('the kept record is read again, without any server', async () => {
    const obtained = await obtainMachineRecord(context(), policy, LAPTOP);
    await keepMachineRecord(context(), obtained);
    const run = context([]);
    expect(await keptMachineRecord(run, policy, LAPTOP)).toEqual(obtained?.record);
    expect(run.redact('geheim-4711')).toBe('********');
  });

  it('the identifiers of WinPE count, when the adapter is gone that told the machine', async () => {
    const before = only({ macAddresses: [DOCK] });
    await keepMachineRecord(context(), await obtainMachineRecord(context(), policy, before));
    const run = context([], media, [machine(before)]);
    expect((await keptMachineRecord(run, policy, only({})))?.name).toBe('DOCKED');
  });

  it('an unknown computer stays one, and what an earlier run kept goes away', async () => {
    const run = context();
    await keepMachineRecord(run, await obtainMachineRecord(run, policy, LAPTOP));
    await keepMachineRecord(run, undefined);
    expect(await keptMachineRecord(run, policy, LAPTOP)).toBeUndefined();
  });

  it.each([
    ['changed', (file: string) => writeFileSync(file, `${readFileSync(file, 'utf8')} `)],
    [
      'of another policy',
      (file: string) => writeFileSync(file, '{"format":"prestage-machines/1","entries":[]}'),
    ],
  ])('a kept shard that is %s is TRUST-07', async (_, harm) => {
    const run = context();
    await keepMachineRecord(run, await obtainMachineRecord(run, policy, LAPTOP));
    harm(run.layout.acceptedShard);
    expect(await faultOf(keptMachineRecord(run, policy, LAPTOP))).toMatchObject({ code: 'TRUST-07' });
  });

  it('a kept shard of another machine is TRUST-07', async () => {
    const run = context();
    await keepMachineRecord(run, await obtainMachineRecord(run, policy, LAPTOP));
    expect((await faultOf(keptMachineRecord(run, policy, only({ serial: 'SN-2' })))).code).toBe('TRUST-07');
    rmSync(run.layout.acceptedShard);
  });
});
