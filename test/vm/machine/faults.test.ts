import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyImage } from '../../../scripts/vm/disk/copy-image.mjs';
import { withMountedPartition } from '../../../scripts/vm/disk/mounted-partition.mjs';
import { onlyPoint } from '../../../scripts/vm/guest-network.mjs';
import { type Machine, powerOn } from '../../../scripts/vm/machine.mjs';
import { tempFolder } from '../../support/temp-folder.ts';
import { bootStoreOf, openVmKit, START_MS, type VmKit } from '../../support/vm.ts';
import { judgeMoment } from '../../support/vm-judge.ts';
import { openRelay } from './relay.ts';

const folder = tempFolder('vm-faults');
const where = { partition: 3, type: 'ntfs' } as const;
let kit: VmKit;
beforeAll(async () => {
  kit = await openVmKit(folder, 'ntfs');
}, 300_000);
afterAll(() => kit?.[Symbol.asyncDispose]());

async function freshDisk(name: string): Promise<string> {
  const image = path.join(folder, `${name}.img`);
  await copyImage(kit.base, image);
  return image;
}

/** Windows PE has done its part, soundly: Windows starts next. What comes then is the same for all: uefi.test.ts. */
async function handedOver(image: string): Promise<void> {
  const store = await bootStoreOf(image);
  expect(store).toMatch(/^default \{11111111-/m);
  const marks = ['tool wpeutil reboot'];
  const wrong = await withMountedPartition(image, where, root =>
    judgeMoment(root, { marks, store }, kit.reference),
  );
  expect(wrong).toEqual([]);
}

/** The technician's shell, after the launcher has said how Prestage ended. */
async function untilShell(machine: Machine, code: number): Promise<string> {
  await machine.line(/Prestage ended with code \d+/, START_MS);
  await machine.line(/To leave this shell type/, START_MS);
  const screen = machine.lines.map(({ text }) => text).join('\n');
  expect(screen).toContain(`Prestage ended with code ${code}.`);
  return screen;
}

/** A computer whose battery is flat begins in some year of the past. */
const PAST = '2001-02-03T04:05:06';

test('a distribution point that dies midway is named; when it is back, the technician types `prestage deploy`, and nothing is fetched twice: on a computer whose clock is years behind, which is named, bounded by what is signed, and does no harm', async () => {
  const image = await freshDisk('point');
  await using relay = await openRelay(Number(new URL(kit.nginx.url).port));
  const parts = { ...kit.parts, clock: PAST, network: onlyPoint(relay.port) };
  const machine = powerOn({ ...parts, disk: image });
  try {
    // Policy and manifest come; of the two megabytes that are missing comes less than a half.
    const broken = relay.breakAfter(700_000);
    await Promise.race([broken, machine.ended]);
    const screen = await untilShell(machine, 30);
    expect(screen).toMatch(/CONTENT-01[\s\S]*http:\/\/10\.0\.2\.100: NET-\d\d/);
    expect(screen).toMatch(/clock of this machine said 2001-02-03T04/);
    await relay.mend();
    machine.type('prestage deploy\r');
    await machine.line(/^@@ \S+ restart$/, START_MS);
    await machine.ended;
    // What is missing, and policy and manifest, once more by the second run; and a chunk or two that were under way when the wire broke. Fetched from the
    // beginning it were 700,000 more.
    const needed = 2_130_000;
    expect(relay.carriedBytes()).toBeLessThan(needed + 400_000);
  } finally {
    await machine.kill();
  }
  await handedOver(image);
}, 1_200_000);

test('a disk that fills up midway is named, what is there stays sound, and with room again the next start goes on', async () => {
  const image = await freshDisk('full');
  const first = powerOn({ ...kit.parts, disk: image, parameters: 'pe.full=dism:2' });
  try {
    const screen = await untilShell(first, 50);
    expect(screen).toMatch(/DISK-01/);
    expect(screen).toMatch(/C: is full/);
    first.type('del C:\\filler.bin\r');
    first.type('wpeutil shutdown\r');
    await first.line(/^@@ \S+ shutdown$/, START_MS);
    await first.ended;
  } finally {
    await first.kill();
  }
  const store = await bootStoreOf(image);
  const wrong = await withMountedPartition(image, where, root =>
    judgeMoment(root, { marks: [], store }, kit.reference),
  );
  expect(wrong).toEqual([]);

  const second = powerOn({ ...kit.parts, disk: image });
  try {
    await second.line(/^@@ \S+ restart$/, START_MS);
    await second.ended;
  } finally {
    await second.kill();
  }
  await handedOver(image);
}, 1_200_000);

test('a clock that is past the media’s last day stops the deployment before anything is changed', async () => {
  const image = await freshDisk('late');
  const machine = powerOn({ ...kit.parts, disk: image, clock: '2041-02-03T04:05:06' });
  try {
    const screen = await untilShell(machine, 20);
    expect(screen).toMatch(/TRUST-\d\d/);
    machine.type('wpeutil shutdown\r');
    await machine.ended;
  } finally {
    await machine.kill();
  }
  const left = await withMountedPartition(image, where, root => readdir(root));
  expect(left.filter(name => !name.startsWith('$') && name !== 'System Volume Information')).toEqual([
    '_SMSTaskSequence',
  ]);
}, 900_000);
