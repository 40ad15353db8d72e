import { spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { NODE } from '../../scripts/setup/place.mjs';
import { type MachineParts, powerOn } from '../../scripts/vm/machine.mjs';
import { powerCycle } from '../../scripts/vm/power-cycle.mjs';
import { freshVariables } from '../../scripts/vm/variables.mjs';
import { ROOT } from '../shape/sources.ts';
import { makeGptDisk } from '../support/disk-image-kit.ts';
import { tool } from '../support/raw-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('given-media');
const at = (name: string): string => path.join(folder, name);
/** A name that QEMU would take apart: a comma ends an option, and what is before a colon is a protocol. */
const disk = at('a,b:c.img');
const cd = at('cd, of a site.iso');

beforeAll(async () => {
  await makeGptDisk(at('disk.img'), [{ type: '0700', mib: 4 }]);
  await tool('cp', [at('disk.img'), disk]);
  mkdirSync(at('tree'));
  writeFileSync(at('tree/file'), 'x');
  await tool('xorriso', ['-as', 'mkisofs', '-quiet', '-o', cd, at('tree')]);
  await tool('qemu-img', ['convert', '-O', 'vhdx', at('disk.img'), at('disk.vhdx')]);
  writeFileSync(at('empty.img'), '');
  truncateSync(at('empty.img'), 1024 * 1024);
  writeFileSync(at('short.img'), 'x');
});

/** `npm run vm` up to the first thing that it refuses; nothing is started or set up before. */
function vm(...words: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(NODE, [path.join(ROOT, 'scripts/vm.mjs'), ...words], {
    encoding: 'utf8',
  });
  return { code: status, said: `${stdout}${stderr}` };
}

test('help fits a console', () => {
  const { code, said } = vm('--help');
  expect(code).toBe(0);
  expect(said).toMatch(/^Usage: npm run vm/);
  expect(said.split('\n').filter(line => line.length > 80)).toEqual([]);
});

test.each([
  { words: () => ['--disk', at('none.img')], why: /none\.img is not there/ },
  { words: () => ['--disk', folder], why: /cannot be read \(EISDIR\)/ },
  { words: () => ['--disk', at('empty.img')], why: /is no raw disk image with partitions/ },
  { words: () => ['--disk', at('short.img')], why: /is no raw disk image with partitions/ },
  { words: () => ['--disk', at('disk.vhdx')], why: /qemu-img convert -f vhdx -O raw/ },
  { words: () => ['--iso', disk], why: /is no ISO image/ },
  { words: () => ['--iso', cd, '--stand-in'], why: /use one/ },
  { words: () => ['--iso', cd, '--firmware', 'kernel'], why: /add --stand-in/ },
  { words: () => ['--write'], why: /--write goes with --disk/ },
  { words: () => ['--point', folder], why: /the sample has its own/ },
  { words: () => ['--disk', disk, '--point', disk], why: /there is no folder/ },
  { words: () => ['--firmware', 'bios'], why: /no boot program for BIOS/ },
  { words: () => ['--card', 'e1000e'], why: /no driver for e1000e/ },
  { words: () => ['--firmware', 'efi'], why: /--firmware is uefi, bios, kernel/ },
  { words: () => ['--clock', 'tomorrow'], why: /--clock is a time such as/ },
  { words: () => ['--minutes', '40000'], why: /35000 at most/ },
  { words: () => ['--memory', '64'], why: /512 or more/ },
  { words: () => ['--dsik', disk], why: /Unknown option '--dsik'/ },
  { words: () => ['disk.img'], why: /does not take positional arguments/ },
])('what cannot be started is refused in a sentence: $why', ({ words, why }) => {
  const { code, said } = vm(...words());
  expect(code).toBe(1);
  expect(said).toMatch(why);
  expect(said).toMatch(/nothing was started/i);
  // Advice, not a stack.
  expect(said).not.toMatch(/^ +at /m);
});

/** Of QEMU's; behind a snapshot stands the image that was named. */
interface ImageInfo {
  readonly filename: string;
  readonly 'backing-image'?: { readonly filename: string };
}

/** What QEMU has in its drives, once it runs. */
async function drivesOf(parts: MachineParts): Promise<Readonly<Record<string, string>>> {
  const machine = powerOn({ memoryMb: 128, network: 'none', ...parts });
  try {
    const drives = (await machine.ask('query-block')) as readonly {
      readonly device: string;
      readonly inserted?: { readonly image: ImageInfo };
    }[];
    return Object.fromEntries(
      drives.flatMap(({ device, inserted }) =>
        inserted === undefined
          ? []
          : [[device, inserted.image['backing-image']?.filename ?? inserted.image.filename]],
      ),
    );
  } finally {
    await machine.kill();
  }
}

test('a CD starts without a disk', async () => {
  expect(await drivesOf({ start: 'bios', iso: cd })).toEqual({ cd });
});

test.each<{ bus: 'ahci' | 'nvme' | 'virtio'; card: 'e1000e' | 'virtio' }>([
  { bus: 'ahci', card: 'e1000e' },
  { bus: 'nvme', card: 'virtio' },
  { bus: 'virtio', card: 'virtio' },
])('QEMU takes a disk at $bus, a CD and a $card card, by whatever names and numbers', async more => {
  const variables = at('vari,ables.fd');
  freshVariables(variables);
  const drives = await drivesOf({
    ...more,
    start: 'uefi',
    variables,
    disk,
    iso: cd,
    network: 'user',
    serialNumber: 'VM 1, left',
    clock: '2026-01-31T12:00:00',
    restarts: true,
    snapshot: true,
  });
  expect(drives).toMatchObject({ disk, cd, pflash1: variables });
});

test('a machine whose time is over is an ending where that is wanted, and QEMU’s refusal is told without a stack', async () => {
  const parts: MachineParts = { start: 'bios', memoryMb: 128, network: 'none' };
  const { starts, off } = await powerCycle(() => parts, { timeoutMs: 500, whenLate: 'end' });
  expect(starts.map(({ left }) => left)).toEqual(['time over']);
  expect(off).toBe(false);
  await expect(powerCycle(() => parts, { timeoutMs: 500 })).rejects.toThrow(/was not done in 0.5 s/);
  await expect(powerCycle(() => ({ ...parts, disk: at('gone.img') }))).rejects.toThrow(
    /^QEMU ended with code 1: .*gone\.img/,
  );
});
