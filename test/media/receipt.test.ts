import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findReceipt } from '../../agent/media/find-receipt.ts';
import { judgeReceipt, receiptFault } from '../../agent/media/judge-receipt.ts';
import { receiptOnEsp, receiptOnVolume } from '../../agent/media/media-paths.ts';
import { RECEIPT_MAX_BYTES, type Receipt } from '../../agent/media/receipt.ts';
import { newKeyPair, type PrivateKey } from '../../agent/trust/keys.ts';
import { mediaManifest, signed } from '../support/signed-documents.ts';
import { tempFolder } from '../support/temp-folder.ts';

const depot = newKeyPair();
const { mediaId } = mediaManifest(newKeyPair().public.text);
const manifestSha256 = 'ab'.repeat(32);
const receipt: Receipt = {
  format: 'prestage-receipt/1',
  mediaId,
  manifestSha256,
  time: '2026-03-02T08:00:00Z',
  tool: '1.0.0',
  files: 512,
  bytes: 4_000_000,
};
const matter = {
  keys: [newKeyPair().public, depot.public],
  mediaId,
  manifestSha256,
  serialNumber: async () => 'pf-42 ',
};

function judge(value: unknown, by: PrivateKey = depot, differences: Partial<typeof matter> = {}) {
  return judgeReceipt(signed('receipt', value, by), { ...matter, ...differences });
}

describe('judgeReceipt', () => {
  it('believes a receipt by one of the media’s depots, and tells what it says', async () => {
    expect(await judge(receipt)).toEqual({
      outcome: 'vouched',
      keyId: depot.public.id,
      time: receipt.time,
      tool: '1.0.0',
      files: 512,
      bytes: 4_000_000,
    });
    expect(await judge({ ...receipt, serialNumber: 'PF-42' })).toMatchObject({ serialNumber: 'PF-42' });
  });

  it('says that there is none', async () => {
    expect(await judgeReceipt(undefined, matter)).toEqual({ outcome: 'none' });
  });

  it('tells the serial number without judging it where the disk is not in its computer yet', async () => {
    const { serialNumber: _, ...elsewhere } = matter;
    const found = signed('receipt', { ...receipt, serialNumber: 'XY-1' }, depot);
    expect(await judgeReceipt(found, elsewhere)).toMatchObject({ outcome: 'vouched', serialNumber: 'XY-1' });
  });

  it.each([
    ['another computer', { ...receipt, serialNumber: 'XY-1' }, depot, /serial number XY-1.*has pf-42/],
    [
      'other media',
      { ...receipt, mediaId: '11111111-1111-4111-8111-111111111111' },
      depot,
      /is for media 1111/,
    ],
    ['another manifest', { ...receipt, manifestSha256: 'cd'.repeat(32) }, depot, /another manifest/],
    ['a depot nobody knows', receipt, newKeyPair(), /TRUST-02 .*found a signature by key/],
    ['an unknown field', { ...receipt, passed: true }, depot, /TRUST-10/],
    ['a receipt as large as a disk', { ...receipt, tool: 'x'.repeat(RECEIPT_MAX_BYTES) }, depot, /TRUST-08/],
  ])('does not believe a receipt of %s, and says why', async (_, value, by, why) => {
    expect(await judge(value, by)).toEqual({ outcome: 'not-believed', why: expect.stringMatching(why) });
  });

  it('does not believe a computer without serial number where the receipt names one', async () => {
    const judged = await judge({ ...receipt, serialNumber: 'PF-42' }, depot, {
      serialNumber: async () => undefined as never,
    });
    expect(judged).toMatchObject({ outcome: 'not-believed', why: expect.stringContaining('tells none') });
  });

  it('does not believe a signature for another kind of document, a missing one, or one over other bytes', async () => {
    const wrong = signed('media', receipt, depot);
    const { bytes, signature } = signed('receipt', receipt, depot);
    const altered = Buffer.from(bytes);
    altered[20] = (altered[20] ?? 0) ^ 1;
    for (const found of [wrong, { bytes, signature: undefined }, { bytes: altered, signature }])
      expect(await judgeReceipt(found, matter)).toMatchObject({
        outcome: 'not-believed',
        why: expect.stringContaining('TRUST-0'),
      });
  });

  it('believes nobody where the media names no depot', async () => {
    expect(await judge(receipt, depot, { keys: [] })).toMatchObject({ outcome: 'not-believed' });
  });
});

describe('findReceipt', () => {
  const folder = tempFolder('receipts');
  let count = 0;
  function disk() {
    count += 1;
    const at = path.join(folder, String(count));
    const volumes = { esp: path.join(at, 'esp'), volume: path.join(at, 'windows') };
    for (const each of Object.values(volumes)) mkdirSync(each, { recursive: true });
    return volumes;
  }
  function lay(place: ReturnType<typeof receiptOnEsp>, value: unknown, by: PrivateKey = depot) {
    const { bytes, signature } = signed('receipt', value, by);
    mkdirSync(place.folder, { recursive: true });
    writeFileSync(place.receipt, bytes);
    writeFileSync(place.signature, signature);
  }

  it('looks on the ESP and on the volume, and takes the one that is believed', async () => {
    const volumes = disk();
    expect(await findReceipt(volumes, matter)).toEqual({ outcome: 'none' });
    lay(receiptOnEsp(volumes.esp), receipt, newKeyPair());
    expect(await findReceipt(volumes, matter)).toMatchObject({ outcome: 'not-believed' });
    lay(receiptOnVolume(volumes.volume), receipt);
    expect(await findReceipt(volumes, matter)).toMatchObject({ outcome: 'vouched' });
    expect(await findReceipt({ ...volumes, esp: undefined }, matter)).toMatchObject({ outcome: 'vouched' });
  });

  it('does not follow a link, and does not read what is too large to be one', async () => {
    const volumes = disk();
    const place = receiptOnEsp(volumes.esp);
    lay(place, receipt);
    writeFileSync(place.receipt, Buffer.alloc(RECEIPT_MAX_BYTES + 1, 32));
    expect(await findReceipt(volumes, matter)).toMatchObject({
      outcome: 'not-believed',
      why: expect.stringContaining('TRUST-08'),
    });
    const other = disk();
    mkdirSync(receiptOnEsp(other.esp).folder, { recursive: true });
    symlinkSync(place.receipt, receiptOnEsp(other.esp).receipt);
    expect(await findReceipt(other, matter)).toEqual({ outcome: 'none' });
  });

  it('is a refusal where the media requires one', () => {
    expect(receiptFault('media depot', { outcome: 'none' })).toMatchObject({
      code: 'TRUST-16',
      detail: { found: 'none' },
    });
  });
});
