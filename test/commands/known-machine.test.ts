// A machine that the site knows, from first boot to the new Windows: its record decides what it is called and what it runs, its secrets show nowhere.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { layTree, SITE } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('known-machine');
const BLOB = 'ARAIAMzMzMzwBAAAAAAAAAAAAgABAAAA';
let site: SmallSite;
const deployment = {
  id: 'CON20001',
  taskSequence: 'CON00020',
  collection: 'Graz',
  purpose: 'required',
  makeAvailableTo: 'media-pxe',
};

beforeAll(async () => {
  site = await makeSmallSite(folder, {
    differences: {
      'keys/machine.key': `${Buffer.alloc(32, 5).toString('base64')}\n`,
      'collections.yaml': [{ name: 'Graz' }],
      'deployments.yaml': [deployment],
      'machines.yaml': [
        {
          serial: 'KNOWN-1',
          name: 'PC-KNOWN',
          collections: ['Graz'],
          secret: { Pin: 'geheim-4711' },
          domainJoinBlob: 'k.djoin',
        },
        { serial: 'KNOWN-2', name: 'PC-OTHER' },
      ],
      'k.djoin': Buffer.from(`\ufeff${BLOB}\0`, 'utf16le'),
      'media/depot.yaml': { ...(SITE['media/depot.yaml'] as object), allowOffline: true },
    },
  });
});
afterAll(() => site?.close());

async function disk(name: string, serial: string): Promise<string> {
  const place = path.join(folder, name);
  await site.layDisk(place);
  layTree(place, { 'machine.json': JSON.stringify({ facts: { serial } }) });
  return place;
}

/** Everything that is written for people: journal, logs, reports. */
function written(place: string): string {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter(
      entry =>
        entry.isFile() && /\.(log|ndjson|json)$/.test(entry.name) && !/media\.json|policy/.test(entry.name),
    )
    .map(entry => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

describe('a known machine', () => {
  it('is deployed by its record, and no secret of it is shown', async () => {
    const place = await disk('known', 'KNOWN-1');
    const winpe = testComposition(site);
    expect(await deploy({ disk: place, config: site.config, json: true }, winpe)).toBe(3);
    const own = path.join(place, 'volumes/windows/_SMSTaskSequence/Prestage');
    expect(JSON.parse(readFileSync(path.join(own, 'accepted/machines.json'), 'utf8'))).toMatchObject({
      format: 'prestage-machines/1',
    });
    const unattend = readFileSync(path.join(place, 'volumes/windows/Windows/Panther/unattend.xml'), 'utf8');
    expect(unattend).toContain('<ComputerName>PC-KNOWN</ComputerName>');
    expect(unattend).toContain(BLOB);
    const fullOs = testComposition(site);
    const texts = [written(place), ...winpe.printed, JSON.stringify(winpe.events)];
    expect(await continueDeployment({ disk: place, config: site.config, json: true }, fullOs)).toBe(0);
    texts.push(written(place), ...fullOs.printed);
    for (const text of texts) for (const secret of ['geheim-4711', BLOB]) expect(text).not.toContain(secret);
  });

  it('is not deployed when its record does not name the collection', async () => {
    const place = await disk('other', 'KNOWN-2');
    const fault = await faultOf(
      deploy({ disk: place, config: site.config, json: true }, testComposition(site)),
    );
    expect(fault).toMatchObject({ code: 'CONTENT-07' });
    expect(JSON.stringify(fault.detail)).toContain('its record does not name it');
  });

  it('is refused in the new Windows when its kept record is another than policy pins', async () => {
    const place = await disk('forged', 'KNOWN-1');
    expect(await deploy({ disk: place, config: site.config, json: true }, testComposition(site))).toBe(3);
    const kept = path.join(place, 'volumes/windows/_SMSTaskSequence/Prestage/accepted/machines.json');
    layTree(path.dirname(kept), { 'machines.json': `${readFileSync(kept, 'utf8')} ` });
    const fault = await faultOf(
      continueDeployment({ disk: place, config: site.config }, testComposition(site)),
    );
    expect(fault.code).toBe('TRUST-07');
  });
});

it('an unknown computer is told so', async () => {
  const place = await disk('unknown', 'NOBODY');
  const fault = await faultOf(
    deploy({ disk: place, config: site.config, json: true }, testComposition(site)),
  );
  expect(fault).toMatchObject({ code: 'CONTENT-07' });
  expect(JSON.stringify(fault.detail)).toContain('policy has no record of it');
});

it('without a management point the records on the media are read', async () => {
  const place = await disk('offline', 'KNOWN-1');
  rmSync(path.join(site.point, 'policy/current.json'));
  site.requests.length = 0;
  expect(await deploy({ disk: place, config: site.config, json: true }, testComposition(site))).toBe(3);
  expect(site.requests.filter(request => request.includes('/machines/'))).toEqual([]);
});
