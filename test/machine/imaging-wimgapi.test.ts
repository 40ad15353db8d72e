// The contract of Imaging through the wimgapi ABI: node.exe under Wine calls a wimgapi.dll that is backed by libwim. It proves the ABI, the
// callbacks and the faults, not Microsoft's DLL.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/wim-kit.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';
import { imagingContract } from './imaging-contract.ts';

let side: WindowsSide;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  side = await openWindowsSide({ folder: folder.path });
});
afterAll(async () => {
  await side[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

imagingContract('imaging by wimgapi under Wine', {
  open: async () => side.imaging,
  see: path => side.see(path),
  looksInside: false,
  noSuchImageNative: 87, // ERROR_INVALID_PARAMETER
  damagedNative: 13, // ERROR_INVALID_DATA
});

it('names the DLL that was loaded', async () => {
  expect(await side.call('imaging.name')).toMatch(/^wimgapi \(Z:\\.*\\program\\wimgapi\.dll\)$/i);
});
