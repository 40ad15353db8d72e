// The receipt of a depot at first boot: believed, not believed, demanded; and gone with the media.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layReceipt, makeReceipt, receiptPlace } from '../../agent/author/receipt.ts';
import { check } from '../../agent/commands/check.ts';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { openMedia } from '../../agent/commands/deployment/open-media.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import { reportLines } from '../../agent/console/report-text.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { findReceipt } from '../../agent/media/find-receipt.ts';
import { receiptOnEsp } from '../../agent/media/media-paths.ts';
import { newKeyPair, publicKey } from '../../agent/trust/keys.ts';
import { signDetached } from '../../agent/trust/signature.ts';
import { everyCut } from '../support/every-cut.ts';
import { layTree } from '../support/site-kit.ts';
import { makeSmallSite, mediaOfDepot, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const folder = tempFolder('receipt');
const depot = newKeyPair();
const MEDIA_ID = '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10';
let site: SmallSite;
let tolerant: SmallSite;

async function siteOf(name: string, receipt: 'required' | 'optional'): Promise<SmallSite> {
  return makeSmallSite(path.join(folder, name), mediaOfDepot(depot.public, receipt));
}

beforeAll(async () => {
  site = await siteOf('strict', 'required');
  tolerant = await siteOf('tolerant', 'optional');
});
afterAll(async () => {
  await site?.close();
  await tolerant?.close();
});

let disks = 0;
async function freshDisk(of: SmallSite = site): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await of.layDisk(disk);
  layTree(disk, { 'machine.json': JSON.stringify({ facts: { serial: 'PF-42' } }) });
  return disk;
}

async function layOn(
  disk: string,
  {
    of = site,
    key = depot,
    serialNumber,
  }: { of?: SmallSite; key?: typeof depot; serialNumber?: string } = {},
): Promise<void> {
  const composition = testComposition(of);
  const machine = await composition.openMachine({ disk });
  const text = readFileSync(path.join(of.site, 'keys/media.pub'), 'utf8').trim();
  const { manifest, manifestSha256, volume } = await openMedia({
    machine,
    keys: [publicKey(text)],
    clock: new Date(),
    judgeDates: true,
  });
  const receipt = makeReceipt(
    {
      manifest: { ...manifest, depotKeys: [key.public.text] },
      manifestSha256,
      files: [{ bytes: 7 }],
      sound: true,
    },
    key,
    { ...composition, ...(serialNumber !== undefined && { serialNumber }) },
  );
  const esp = (await machine.systemVolume())?.root;
  await layReceipt(receipt, receiptPlace({ esp, volume: volume.root }), composition.durable);
  await machine.close();
}

const command = (disk: string, of: SmallSite = site) => ({ disk, config: of.config, restart: false });

describe('a media that requires a receipt', () => {
  it('is refused without one before anything is written', async () => {
    const disk = await freshDisk();
    const before = await readTree(disk);
    expect(await faultOf(deploy(command(disk), testComposition(site)))).toMatchObject({
      code: 'TRUST-16',
      detail: { found: 'none' },
    });
    expect(await readTree(disk)).toEqual(before);
  });

  it('is refused with the receipt of another computer, by a key that is no depot’s, and for other media', async () => {
    const disk = await freshDisk();
    await layOn(disk, { serialNumber: 'XY-1' });
    expect(await faultOf(deploy(command(disk), testComposition(site)))).toMatchObject({
      code: 'TRUST-16',
      detail: { found: expect.stringContaining('XY-1') },
    });
    await layOn(disk, { key: newKeyPair() });
    expect(await faultOf(deploy(command(disk), testComposition(site)))).toMatchObject({
      code: 'TRUST-16',
      detail: { found: expect.stringContaining('TRUST-02') },
    });
  });

  it('is shown by plan as what deploy would refuse, and by check as a refusal after everything was printed', async () => {
    const disk = await freshDisk();
    const planning = testComposition(site);
    await showPlan({ ...command(disk), json: true }, planning);
    expect(JSON.parse(planning.printed.join(''))).toMatchObject({
      receipt: { outcome: 'none' },
      obstacles: [{ code: 'TRUST-16' }],
    });
    const checking = testComposition(site);
    expect(await faultOf(check(command(disk), checking))).toMatchObject({ code: 'TRUST-16' });
    expect(checking.printed.join('\n')).toContain('Receipt: none.');
  });

  it('is deployed with one, which the report names, and which goes with the media', async () => {
    const disk = await freshDisk();
    await layOn(disk, { serialNumber: 'pf-42' });
    const { receipt: file } = receiptOnEsp(path.join(disk, 'volumes/esp'));
    expect(existsSync(file)).toBe(true);
    const composition = testComposition(site);
    await deploy({ ...command(disk), json: true }, composition);
    const report = JSON.parse(composition.printed.join(''));
    expect(report.receipt).toEqual({
      outcome: 'vouched',
      keyId: depot.public.id,
      time: expect.any(String),
      tool: 'test',
      files: 1,
      bytes: 7,
      serialNumber: 'pf-42',
    });
    expect(reportLines(report).join('\n')).toMatch(
      new RegExp(`Receipt +depot key ${depot.public.id}, 20.*, 1 file, 7 bytes, serial number pf-42`),
    );
    await continueDeployment(command(disk), testComposition(site));
    expect(readdirSync(path.join(disk, 'volumes/esp/EFI'))).toEqual(['BOOT']);
  });
});

describe('a media that does not require one', () => {
  it('says nothing stands in the way, and warns of one that is not believed', async () => {
    const disk = await freshDisk(tolerant);
    const without = testComposition(tolerant);
    await showPlan({ ...command(disk, tolerant), json: true }, without);
    expect(JSON.parse(without.printed.join(''))).toMatchObject({
      receipt: { outcome: 'none' },
      obstacles: [],
    });
    await layOn(disk, { of: tolerant, serialNumber: 'XY-1' });
    const composition = testComposition(tolerant);
    await deploy(command(disk, tolerant), composition);
    expect(composition.events).toContainEqual(
      expect.objectContaining({
        kind: 'note',
        level: 'warning',
        component: 'receipt',
        text: expect.stringContaining('not believed'),
      }),
    );
  });
});

describe('laying a receipt', () => {
  it('leaves nothing that is believed without being one of the two, at whatever write the plug is pulled', async () => {
    const matter = { keys: [depot.public], mediaId: MEDIA_ID, manifestSha256: 'ab'.repeat(32) };
    const made = (tool: string) => {
      const bytes = encodeJson({
        format: 'prestage-receipt/1',
        ...{ mediaId: MEDIA_ID, manifestSha256: matter.manifestSha256 },
        ...{ time: '2026-03-02T08:00:00Z', tool, files: 1, bytes: 1 },
      });
      return { bytes, signature: signDetached('receipt', bytes, depot) };
    };
    await everyCut({
      within: folder,
      losses: ['dropped', 'mixed'],
      prepare: esp => layReceipt(made('old'), receiptOnEsp(esp), openDurableFiles()),
      run: (files, esp) => layReceipt(made('new'), receiptOnEsp(esp), files),
      verify: async (esp, { done }) => {
        const judged = await findReceipt({ esp, volume: esp }, matter);
        if (done) expect(judged).toMatchObject({ outcome: 'vouched', tool: 'new' });
        if (judged.outcome === 'vouched') expect(['old', 'new']).toContain(judged.tool);
      },
    });
  });
});
