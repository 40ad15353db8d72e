// prestage capture on an old computer: a folder that poses as its disk, with orders that a site's key signed.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { capture } from '../../agent/commands/capture.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { onDistributionPoint } from '../../agent/content/layout.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { jobs } from '../../agent/jobs.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { signDetached } from '../../agent/trust/signature.ts';
import { makeItem } from '../support/cache-kit.ts';
import { testComposition } from '../support/small-site.ts';
import { ASSOCIATION, KEY, layProfiles, restore, testStore } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('capture');
const policyKey = newKeyPair();
const mediaKey = newKeyPair();
let number = 0;
let disk: string;
let shares: string;
let file: string;

beforeEach(async () => {
  number += 1;
  const ground = path.join(folder, String(number));
  disk = path.join(ground, 'disk');
  shares = path.join(ground, 'store');
  file = path.join(ground, 'order.json');
  await mkdir(shares, { recursive: true });
  await layProfiles(path.join(disk, 'volumes/windows'));
  await writeFile(path.join(disk, 'machine.json'), JSON.stringify({ facts: { serial: 'OLD-1' } }));
  await layOrder({});
});

async function layOrder(differences: object, key = policyKey): Promise<void> {
  const bytes = encodeJson({
    format: 'prestage-capture-order/1',
    site: 'CON',
    association: ASSOCIATION,
    created: '2026-03-01T00:00:00Z',
    expires: '2100-01-01T00:00:00Z',
    computer: { serial: 'old-1 ' },
    store: shares,
    key: KEY,
    method: 'files',
    distributionPoints: [],
    ...differences,
  });
  await writeFile(file, bytes);
  await writeFile(`${file}.sig`, signDetached('capture-order', bytes, key));
}

async function run(options: object = { key: [policyKey.public.text] }) {
  const composition = testComposition({ imaging: await openImaging({ system: 'linux' }) });
  const code = await capture({ order: file, disk, ...options }, composition);
  return { code, text: composition.printed.join('\n'), events: composition.events };
}

const written = () => readdir(shares);

test('captures what the order says, shows it, and the new computer gets it back', async () => {
  const { code, text, events } = await run();
  expect(code).toBe(0);
  expect(text).toMatch(
    /^Method files: folders of the profiles; no registry, no settings of applications\.\n/,
  );
  expect(text).toMatch(/^anna +4 +684 KB$/m);
  expect(text).toMatch(/^Captured 7 files, 687 KB; 0 left out\.$/m);
  expect(text).not.toContain(KEY);
  expect(JSON.stringify(events)).not.toContain(KEY);
  expect(events.some(event => event.kind === 'advanced' && event.doneBytes === event.totalBytes)).toBe(true);
  const fresh = path.join(folder, `${number}/new`);
  const { files } = await restore(fresh, testStore(shares));
  expect(files?.files).toBe(7);
});

test('with --dry-run shows what would be captured and writes nothing', async () => {
  const { code, text } = await run({
    key: [policyKey.public.text],
    dryRun: true,
    exclude: ['*.bin', 'Downloads'],
  });
  expect(code).toBe(0);
  expect(text).toMatch(/^anna +3 /m);
  expect(text).toMatch(/^bob +1 /m);
  expect(text).toMatch(/Nothing was written/);
  expect(await written()).toEqual([]);
});

test('takes further folders of each profile, and none outside', async () => {
  const key = [policyKey.public.text];
  const { text } = await run({ key, include: ['AppData\\Roaming'], json: true });
  expect(JSON.parse(text)).toMatchObject({
    format: 'prestage-capture/1',
    method: 'files',
    dryRun: false,
    files: { files: 8, leftOut: 0 },
  });
  for (const include of ['..\\..\\Windows', 'C:\\Windows', '.'])
    await expect(run({ key, include: [include] })).rejects.toMatchObject({ code: 'USAGE-01' });
});

test('may find the policy key in agent.yaml', async () => {
  const config = path.join(folder, `${number}/agent.yaml`);
  await writeFile(config, `keys: ["${mediaKey.public.text}"]\npolicyKeys: ["${policyKey.public.text}"]\n`);
  expect((await run({ config })).code).toBe(0);
});

test('may be told the policy key as a file', async () => {
  const file = path.join(folder, `${number}/policy.pub`);
  await writeFile(file, `${policyKey.public.text}\n`);
  expect((await run({ key: [file] })).code).toBe(0);
  await expect(run({ key: [`${file}.not`] })).rejects.toMatchObject({ code: 'USAGE-11' });
});

describe('an order', () => {
  const REFUSALS: readonly [string, () => Promise<unknown>, string][] = [
    ['without a key to prove it by', () => run({}), 'USAGE-01'],
    ['that is not there', () => run({ key: [policyKey.public.text], order: '/nonexistent' }), 'USAGE-08'],
    ['of another key', () => run({ key: [mediaKey.public.text] }), 'TRUST-02'],
    ['that expired', () => layOrder({ expires: '2026-03-02T00:00:00Z' }).then(() => run()), 'TRUST-05'],
    [
      'for another serial number',
      () => layOrder({ computer: { serial: 'NEW-1' } }).then(() => run()),
      'STATE-03',
    ],
    [
      'for a UUID that this computer does not tell',
      () => layOrder({ computer: { serial: 'OLD-1', uuid: ASSOCIATION } }).then(() => run()),
      'STATE-03',
    ],
    [
      'with a store that is not there',
      () => layOrder({ store: '/nonexistent' }).then(() => run()),
      'STATE-02',
    ],
    [
      'for a share that cannot be reached',
      () => layOrder({ store: '\\\\srv\\state' }).then(() => run()),
      'STATE-02',
    ],
  ];
  test.each(REFUSALS)('%s is refused, and nothing is written', async (_what, attempt, code) => {
    await expect(attempt()).rejects.toMatchObject({ code });
    expect(await written()).toEqual([]);
  });

  test('that was tampered with is refused', async () => {
    await writeFile(file, (await readFile(file, 'utf8')).replace('OLD', 'NEW').replace('old-1', 'old-2'));
    await expect(run()).rejects.toMatchObject({ code: 'TRUST-02' });
  });

  test('whose association is closed is refused, and the store stays as it is', async () => {
    await run();
    await restore(path.join(folder, `${number}/new`), testStore(shares));
    const before = await readTree(shares);
    await expect(run()).rejects.toMatchObject({ code: 'STATE-04' });
    expect(await readTree(shares)).toEqual(before);
  });

  test('on a computer without profiles is refused', async () => {
    disk = path.join(folder, `${number}/bare`);
    await mkdir(path.join(disk, 'volumes/windows'), { recursive: true });
    await writeFile(path.join(disk, 'machine.json'), JSON.stringify({ facts: { serial: 'OLD-1' } }));
    await expect(run()).rejects.toMatchObject({ code: 'USAGE-08' });
  });
});

describe('method usmt (recorded, not run: scanstate is Microsoft’s)', () => {
  const tools = { 'amd64/scanstate.exe': Buffer.from('MZ'), 'amd64/MigDocs.xml': Buffer.from('<xml/>') };

  test('takes the tools from a folder, and leaves no key and no work behind', async () => {
    await writeTree(path.join(folder, `${number}/tools`), tools);
    const { reference } = await makeItem(tools, {
      pool: openInPlacePool({ jobs, durable: openDurableFiles() }),
      scratch: path.join(folder, 'scratch'),
      id: 'CON00031',
      type: 'package',
    });
    await layOrder({ method: 'usmt', package: reference });
    const { text } = await run({ key: [policyKey.public.text], tools: path.join(folder, `${number}/tools`) });
    expect(text).toMatch(/scanstate ended with 0 \(rehearsed, not run\)/);
    const commands = await readFile(path.join(disk, 'commands.ndjson'), 'utf8');
    expect(commands).toMatch(/\/vsc .*\/encrypt:AES_256 \/keyfile:/);
    expect(commands).toMatch(
      /"kind":"protect","folder":"volumes\/windows\/Windows\/Temp\/prestage-capture-[0-9a-f]{16}"/,
    );
    expect(await readdir(path.join(disk, 'volumes/windows/Windows/Temp'))).toEqual([]);
    expect(await written()).toEqual([ASSOCIATION]);
  });

  test('fetches the package of the order from its distribution points, and proves it', async () => {
    const item = await makeItem(tools, {
      pool: openInPlacePool({ jobs, durable: openDurableFiles() }),
      scratch: path.join(folder, 'scratch'),
      id: 'CON00031',
      type: 'package',
    });
    const { id, version } = item.reference;
    const point = path.join(folder, `${number}/point`);
    const files = Object.entries(item.tree).map(([name, bytes]) => [
      onDistributionPoint.file(id, version, name),
      bytes,
    ]);
    await writeTree(point, {
      [onDistributionPoint.manifest(id, version)]: item.manifestBytes,
      ...Object.fromEntries(files),
    });
    const distributionPoints = [{ url: point, priority: 1 }];
    await layOrder({ method: 'usmt', package: item.reference, distributionPoints });
    expect((await run()).text).toMatch(/scanstate ended with 0/);
    expect(existsSync(path.join(disk, 'volumes/windows/_SMSTaskSequence'))).toBe(false);
    await writeFile(path.join(point, onDistributionPoint.file(id, version, 'amd64/scanstate.exe')), 'XX');
    await expect(run()).rejects.toMatchObject({ code: 'CONTENT-01' });
    expect(await readdir(path.join(disk, 'volumes/windows/Windows/Temp'))).toEqual([]);
  });
});
