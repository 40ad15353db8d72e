// Media of a site with records of its machines: the key that reads them, and the records themselves where the media may be followed offline.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CreateMediaRequest, createMedia } from '../../agent/author/create-media.ts';
import { createMachineKey, loadMachineKey } from '../../agent/author/key-files.ts';
import { CARRIED_MAX_BYTES, decideShards } from '../../agent/author/media-records.ts';
import { publish } from '../../agent/author/publish.ts';
import { mediaCreate } from '../../agent/commands/media/create.ts';
import { mediaInspect } from '../../agent/commands/media/inspect.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { policySchema } from '../../agent/policy/policy.ts';
import { recordsKey } from '../../agent/trust/machine-key.ts';
import { authorKit, laySite, layTree, SITE } from '../support/site-kit.ts';
import { testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('media-records');
const at = (...names: readonly string[]): string => path.join(temporary, ...names);
const keys = at('site', 'keys');
const now = new Date().toISOString();
let imaging: Imaging;
let wims = 0;

beforeAll(async () => {
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'OS' }]);
  await laySite(at('site'), readFileSync(at('os.wim')), {
    'machines.yaml': Array.from({ length: 60 }, (_, n) => ({
      serial: `SN-${n}`,
      variables: { A: 'x'.repeat(500) },
    })),
    'media/offline.yaml': { ...(SITE['media/depot.yaml'] as object), allowOffline: true },
  });
  await createMachineKey(keys, 'machine');
  await publish({ site: at('site'), point: at('point') }, authorKit(now));
  imaging = await openImaging({ system: 'linux' });
});

function request(name: string): CreateMediaRequest {
  wims += 1;
  return { site: at('site'), name, to: at(`${wims}.wim`), from: at('point') };
}
const create = (name: string) =>
  createMedia(request(name), {
    ...authorKit(now),
    imaging,
    newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10',
  });
const shardsIn = (made: Awaited<ReturnType<typeof create>>): readonly string[] =>
  made.manifest.volume.map(file => file.path).filter(name => name.includes('/machines/'));

describe('media create', () => {
  it('gives the media the key of records, which is not the site’s own', async () => {
    const { manifest } = await create('depot');
    const root = (await loadMachineKey(keys, 'machine')) ?? new Uint8Array();
    expect(manifest.machineKey).toBe(Buffer.from(recordsKey(root)).toString('base64'));
    expect(manifest.machineKey).not.toBe(Buffer.from(root).toString('base64'));
  });

  it('lays the records onto media that may be followed offline, and onto no other', async () => {
    expect(shardsIn(await create('depot'))).toEqual([]);
    const offline = await create('offline');
    expect(offline.machineRecords.decision).toBe('carried');
    expect(shardsIn(offline).length).toBeGreaterThan(1);
    expect(shardsIn(offline)).toContain('_SMSTaskSequence/Prestage/machines/0.json');
  });

  it('never prints the key', async () => {
    const composition = testComposition({ imaging });
    const { site, name, to, from } = request('depot');
    await mediaCreate(site, name, { to, from, json: true }, composition);
    await mediaInspect(to, { json: true }, composition);
    const { manifest } = await create('depot');
    const printed = composition.redact(composition.printed.join('\n'));
    expect(composition.printed.length).toBe(2);
    expect(printed).toContain('"machineKey": "********"');
    expect(printed).not.toContain(manifest.machineKey);
  });

  it('refuses records of the distribution point that policy does not vouch for', async () => {
    const shard = at('point/policy/1/machines/0.json');
    const good = readFileSync(shard);
    layTree(temporary, { 'point/policy/1/machines/0.json': `${good} ` });
    expect(await faultOf(create('offline'))).toMatchObject({ code: 'CONTENT-08', subject: shard });
    layTree(temporary, { 'point/policy/1/machines/0.json': undefined });
    expect(await faultOf(create('offline'))).toMatchObject({ code: 'CONTENT-08', subject: shard });
    layTree(temporary, { 'point/policy/1/machines/0.json': good });
  });

  it('refuses another key than the one that policy was published with, and none at all', async () => {
    const file = path.join(keys, 'machine.key');
    const good = readFileSync(file);
    rmSync(file);
    expect(await faultOf(create('depot'))).toMatchObject({ code: 'USAGE-11' });
    await createMachineKey(keys, 'machine');
    expect(await faultOf(create('depot'))).toMatchObject({
      code: 'USAGE-11',
      detail: { expected: expect.stringContaining('publish again') },
    });
    layTree(keys, { 'machine.key': good });
  });
});

it('records that are too large are not carried', async () => {
  const { serial } = JSON.parse(readFileSync(at('point/policy/current.json'), 'utf8'));
  const policy = policySchema.parse(
    JSON.parse(readFileSync(at(`point/policy/${serial}/policy.json`), 'utf8')),
  );
  layTree(at('large'), { [`policy/${serial}/machines/0.json`]: new Uint8Array(CARRIED_MAX_BYTES + 1) });
  const one = { ...policy, machines: { digests: ['0'.repeat(64)] } };
  expect((await decideShards(at('large'), one, true)).decision).toBe('too-large');
  expect((await decideShards(at('large'), one, false)).decision).toBe('not-needed');
});
