// The power goes at every durable step of a publish: what a machine then reads is a whole policy and all that it names.
import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { createKey, createMachineKey, loadMachineKey, loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { placeOf, recordIn } from '../../agent/policy/machine-shards.ts';
import type { PublicKey } from '../../agent/trust/keys.ts';
import { recordsKey } from '../../agent/trust/machine-key.ts';
import { everyCut } from '../support/every-cut.ts';
import { provenPolicy } from '../support/proven-point.ts';
import { authorKit, layTree, noise, SITE, sparingKit } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('publish-cut');
const start = path.join(temporary, 'start');
let key: PublicKey;
let records: Uint8Array;

beforeAll(async () => {
  const site = path.join(start, 'site');
  const item = { id: 'CON00003', type: 'package', name: 'Runtime', version: '7', source: 'files' };
  layTree(site, {
    'site.yaml': SITE['site.yaml'],
    'content/CON00003/content.yaml': item,
    'content/CON00003/files/run.cmd': 'first',
    'machines.yaml': [{ serial: 'SN-1', name: 'FIRST' }],
  });
  await createKey(path.join(site, 'keys'), 'policy');
  key = await loadPublicKey(path.join(site, 'keys'), 'policy');
  await createMachineKey(path.join(site, 'keys'), 'machine');
  records = recordsKey((await loadMachineKey(path.join(site, 'keys'), 'machine')) ?? new Uint8Array());
  await publish({ site, point: path.join(start, 'point') }, authorKit());
  layTree(site, {
    'content/CON00003/content.yaml': { ...item, version: '8' },
    'content/CON00003/files/run.cmd': 'second',
    'content/CON00003/files/sub/large.bin': noise(300_000),
    'machines.yaml': [
      { serial: 'SN-1', name: 'SECOND' },
      { serial: 'SN-2', variables: { A: 'x'.repeat(7000) } },
    ],
  });
});

/** @returns the serial number of the current policy, all that it names proven, the record of a machine of that publish among it. */
async function readPoint(point: string): Promise<number> {
  const policy = await provenPolicy(point, key);
  const place = placeOf(records, { kind: 'serial', value: 'sn-1' }, policy.machines?.digests.length ?? 0);
  const shard = readFileSync(path.join(point, `policy/${policy.serial}/machines/${place.shard}.json`));
  expect(createHash('sha256').update(shard).digest('hex')).toBe(policy.machines?.digests[place.shard]);
  expect(recordIn(shard, place)?.name).toBe(policy.content[0]?.version === '7' ? 'FIRST' : 'SECOND');
  return policy.serial;
}

it.each([
  ['linux', 'dropped'],
  ['windows', 'mixed'],
] as const)(
  'a publish that is cut on %s (%s) leaves the former policy or the new one, and the next publish completes it',
  async (system, loss) => {
    const plays = await everyCut({
      within: temporary,
      systems: [system],
      losses: [loss],
      prepare: async folder => cpSync(start, folder, { recursive: true, preserveTimestamps: true }),
      run: async (durable, folder) => {
        await publish(
          { site: path.join(folder, 'site'), point: path.join(folder, 'point') },
          authorKit(undefined, durable),
        );
      },
      verify: async (folder, { done }) => {
        const point = path.join(folder, 'point');
        const serial = await readPoint(point);
        if (done) expect(serial).toBe(2);
        const again = await publish(
          { site: path.join(folder, 'site'), point },
          sparingKit(path.join(folder, 'graveyard')),
        );
        expect(await readPoint(point)).toBe(again.serial);
        expect(again.serial).toBeGreaterThan(serial);
        expect(again.items[0]).toMatchObject({ version: '8', files: 2 });
      },
    });
    expect(plays).toBeGreaterThan(40);
  },
);
