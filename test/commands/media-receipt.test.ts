// The depot's side of a receipt: what `media verify` leaves on a disk that is whole, and that it leaves nothing on one that is not.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { mediaInspect } from '../../agent/commands/media/inspect.ts';
import { type MediaVerifyOptions, mediaVerify } from '../../agent/commands/media/verify.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { openHostTools } from '../../agent/machine/host-tools.ts';
import { thisSerialNumber } from '../../agent/machine/this-serial-number.ts';
import { receiptSchema } from '../../agent/media/receipt.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { verifyDetached } from '../../agent/trust/signature.ts';
import { makeFat, makeGptDisk, makeNtfs } from '../support/disk-image-kit.ts';
import { partitionsOf, tool } from '../support/raw-disk.ts';
import { layTree } from '../support/site-kit.ts';
import { makeSmallSite, mediaOfDepot, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite } from '../support/wim-kit.ts';

const folder = tempFolder('media-receipt');
const at = (...names: readonly string[]) => path.join(folder, ...names);
const depot = newKeyPair();
let site: SmallSite;

beforeAll(async () => {
  site = await makeSmallSite(at('site'), mediaOfDepot(depot.public, 'required'));
  writeFileSync(at('depot.pem'), depot.pem, { mode: 0o600 });
  writeFileSync(at('other.pem'), newKeyPair().pem, { mode: 0o600 });
});
afterAll(() => site?.close());

let disks = 0;
async function freshDisk(): Promise<string> {
  disks += 1;
  const disk = at(`disk-${disks}`);
  await site.layDisk(disk);
  return disk;
}

/** @returns what it printed. */
async function verify(place: string, options: MediaVerifyOptions = {}): Promise<string> {
  const composition = { ...testComposition(site), hostTools: openHostTools(process.env) };
  try {
    await mediaVerify(place, { config: site.config, ...options }, composition);
  } catch (thrown) {
    if (thrown instanceof Fault) Object.assign(thrown, { printed: composition.printed });
    throw thrown;
  }
  return composition.printed.join('\n');
}

const receiptOf = (disk: string) => path.join(disk, 'volumes/esp/EFI/Prestage/receipt.json');

describe('on a disk that is whole', () => {
  it('leaves a receipt that first boot believes, and a copy for the records', async () => {
    const disk = await freshDisk();
    layTree(disk, { 'machine.json': JSON.stringify({ facts: { serial: 'PF-42' } }) });
    expect(await verify(disk)).toContain('Receipt: none. First boot demands one: --receipt-key.');
    const out = at('records', 'PF-42.json');
    const printed = await verify(disk, { receiptKey: at('depot.pem'), serial: ' PF-42', receiptOut: out });
    expect(printed).toMatch(
      /The media arrived whole\.\nReceipt: depot key [0-9a-f]{16}, .* files, .*, serial number PF-42\./,
    );
    const bytes = readFileSync(receiptOf(disk));
    const signature = readFileSync(`${receiptOf(disk)}.sig`);
    expect(readFileSync(out).equals(bytes)).toBe(true);
    expect(readFileSync(`${out}.sig`).equals(signature)).toBe(true);
    verifyDetached({ domain: 'receipt', subject: 'receipt', bytes, signature, keys: [depot.public] });
    const receipt = receiptSchema.parse(JSON.parse(bytes.toString()));
    expect(receipt).toMatchObject({ serialNumber: 'PF-42', tool: 'test' });
    expect(receipt.files).toBeGreaterThan(15);
    await deploy({ disk, config: site.config, restart: false }, testComposition(site));
  });

  it('shows the receipt that is there to verify and to inspect, and replaces it', async () => {
    const disk = await freshDisk();
    await verify(disk, { receiptKey: at('depot.pem'), serial: 'A-1' });
    expect(await verify(disk)).toMatch(/Receipt: depot key .*A-1/);
    const inspecting = testComposition(site);
    await mediaInspect(disk, { config: site.config, json: true }, inspecting);
    expect(JSON.parse(inspecting.printed.join(''))).toMatchObject({
      receipt: { outcome: 'vouched', serialNumber: 'A-1' },
    });
    const again = JSON.parse(await verify(disk, { receiptKey: at('depot.pem'), json: true }));
    expect(again).toMatchObject({ sound: true, receipt: { place: receiptOf(disk), believed: true } });
    expect(again.receipt.receipt.serialNumber).toBeUndefined();
    expect(JSON.parse(await verify(disk, { json: true })).receipt.serialNumber).toBeUndefined();
  });
});

describe('no receipt is left', () => {
  it('on a disk with one wrong byte; an earlier one stays as it is', async () => {
    const disk = await freshDisk();
    await overwrite(path.join(disk, 'volumes/esp/EFI/BOOT/BOOTX64.EFI'), 1, Buffer.from('x'));
    const fault = await faultOf(verify(disk, { receiptKey: at('depot.pem'), receiptOut: at('never.json') }));
    expect(fault.code).toBe('CONTENT-06');
    expect(existsSync(receiptOf(disk))).toBe(false);
    expect(existsSync(at('never.json'))).toBe(false);
  });

  it('where the ESP was not looked at', async () => {
    const disk = await freshDisk();
    const fault = await faultOf(verify(path.join(disk, 'volumes/windows'), { receiptKey: at('depot.pem') }));
    expect(fault).toMatchObject({ code: 'CONTENT-06', subject: 'EFI system partition' });
    expect(existsSync(receiptOf(disk))).toBe(false);
  });

  it('by a key that the media does not know as a depot’s', async () => {
    const disk = await freshDisk();
    const fault = await faultOf(verify(disk, { receiptKey: at('other.pem') }));
    expect(fault).toMatchObject({
      code: 'USAGE-11',
      detail: { expected: expect.stringContaining(depot.public.text) },
    });
    expect(existsSync(receiptOf(disk))).toBe(false);
  });

  it.each([
    ['a serial number without a key', { serial: 'A' }, 'USAGE-01'],
    ['two serial numbers', { receiptKey: 'depot.pem', serial: 'A', thisMachine: true }, 'USAGE-01'],
    ['an empty serial number', { receiptKey: 'depot.pem', serial: ' ' }, 'USAGE-01'],
    ['a key that is not there', { receiptKey: 'absent.pem' }, 'USAGE-11'],
  ] as readonly [string, MediaVerifyOptions, string][])(
    'for %s: it is told before the long proof',
    async (_, options, code) => {
      const key = options.receiptKey === undefined ? {} : { receiptKey: at(options.receiptKey) };
      expect(await faultOf(verify(at('no-such-disk'), { ...options, ...key }))).toMatchObject({ code });
    },
  );
});

describe('in a raw disk image', () => {
  it('lies on its EFI system partition, as mtools reads it, and is believed there', async () => {
    const disk = await freshDisk();
    await makeFat(at('esp.fat'), { mib: 40, bits: 32, tree: path.join(disk, 'volumes/esp') });
    await makeNtfs(at('volume.ntfs'), { mib: 40, tree: path.join(disk, 'volumes/windows') });
    const image = at('disk.img');
    await makeGptDisk(image, [
      { type: 'ef00', mib: 40, from: at('esp.fat') },
      { type: '0700', mib: 40, from: at('volume.ntfs') },
    ]);
    expect(await verify(image)).toContain('Receipt: none.');
    for (const serial of ['B-1', 'B-22']) {
      const printed = await verify(image, { receiptKey: at('depot.pem'), serial });
      expect(printed).toContain(`receipt.json in ${image}`);
    }
    const [esp] = await partitionsOf(image);
    const text = await tool('mtype', ['-i', `${image}@@${esp?.offset}`, '::/EFI/Prestage/receipt.json']);
    expect(receiptSchema.parse(JSON.parse(text)).serialNumber).toBe('B-22');
    expect(await verify(image)).toMatch(/The media arrived whole\.\nReceipt: depot key .*B-22/);
    await tool('dd', [`if=${image}`, `of=${at('esp.after')}`, 'bs=1M', 'skip=1', 'count=40', 'status=none']);
    await tool('fsck.vfat', ['-n', at('esp.after')]);
    expect(readdirSync(folder).filter(name => name.startsWith('disk.img'))).toEqual(['disk.img']);
    // mtools would write into disk.img instead.
    const other = `${image}@@1048576`;
    copyFileSync(image, other);
    const before = readFileSync(image);
    expect(await faultOf(verify(other, { receiptKey: at('depot.pem') }))).toMatchObject({ code: 'USAGE-10' });
    expect(readFileSync(image).equals(before)).toBe(true);
  });
});

describe('--this-machine', () => {
  const notWindows = () => Promise.reject(new Fault('USAGE-10', 'this computer'));
  /** Type 1 of an SMBIOS table with this serial number. */
  function table(serial: string): string {
    const file = at(`dmi-${serial}`);
    const area = Buffer.from([1, 8, 0, 0, 1, 2, 3, 4]);
    writeFileSync(file, Buffer.concat([area, Buffer.from(`Contoso\0Book\0v1\0${serial}\0\0`)]));
    return file;
  }

  it('reads the firmware’s table on Linux, which shows it to root alone', async () => {
    expect(await thisSerialNumber(notWindows, table('XY-77'))).toBe('XY-77');
    expect(await faultOf(thisSerialNumber(notWindows, at('absent')))).toMatchObject({
      code: 'USAGE-10',
      detail: { expected: expect.stringContaining('root') },
    });
  });

  it('does not take a vendor’s filler for a serial number', async () => {
    expect(await faultOf(thisSerialNumber(notWindows, table('To be filled by O.E.M.')))).toMatchObject({
      code: 'USAGE-01',
    });
  });
});
