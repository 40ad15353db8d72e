import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { OUT } from '../../../scripts/setup/place.mjs';
import { copyImage } from '../../../scripts/vm/disk/copy-image.mjs';
import { withMountedPartition } from '../../../scripts/vm/disk/mounted-partition.mjs';
import { powerCycle } from '../../../scripts/vm/power-cycle.mjs';
import { freshVariables } from '../../../scripts/vm/variables.mjs';
import { partitionFile, partitionsOf } from '../../support/raw-disk.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { bootStoreOf, marksOf, openVmKit, START_MS } from '../../support/vm.ts';
import { installed, judgeCompleted } from '../../support/vm-judge.ts';

const folder = tempFolder('vm-uefi');
const run = promisify(execFile);

test('firmware starts the disk that the depot laid; it deploys itself and is switched off with Windows on it', async () => {
  await using kit = await openVmKit(folder, 'ntfs');
  const image = path.join(folder, 'disk.img');
  await copyImage(kit.base, image);
  const variables = path.join(folder, 'variables.fd');
  freshVariables(variables);
  const pictures = path.join(OUT, 'vm', 'test-screens');
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  const picture = (start: number): string => path.join(pictures, `uefi-${start + 1}.png`);
  const { starts, off } = await powerCycle(
    () => ({ ...kit.parts, disk: image, start: 'uefi', variables, bus: 'ahci', memoryMb: 2048 }),
    {
      timeoutMs: START_MS,
      watch: (machine, start) => {
        // What a person sees while the agent works: the plan, or the report.
        machine.onLine(({ text }) => {
          if (/tool bcdboot|windows is idle/.test(text))
            void machine.screenshot(picture(start)).catch(() => {});
        });
      },
    },
  );
  expect(off).toBe(true);
  expect(starts.map(({ left }) => left)).toEqual(['restart', 'shutdown']);
  // Nothing was handed in from outside: the boot program of the disk's own EFI system partition ran.
  expect(starts[0]!.lines.some(({ text }) => /BdsDxe: starting/.test(text))).toBe(true);
  const told = marksOf(starts[0]!.lines).join('\n');
  expect(told).toMatch(/tool bcdboot C:\\Windows \/s S: \/f UEFI \/d \/addlast/i);
  expect(told).toMatch(/tool bcdedit .*\/default \{11111111/);
  expect(statSync(picture(0)).size).toBeGreaterThan(4000);

  const store = await bootStoreOf(image);
  expect(store).toMatch(/^default \{11111111-\S+\}$/m);
  const look = <T>(judge: (root: string) => Promise<T>): Promise<T> =>
    withMountedPartition(image, { partition: 3, type: 'ntfs' }, judge);
  expect(await look(root => judgeCompleted(root, store, kit.reference))).toEqual([]);
  expect(await look(installed)).toEqual(['VMS00030', 'VMS00031', 'VMS00040']);
  const volume = (await partitionsOf(image)).find(({ type }) => type === '0700')!;
  const part = await partitionFile(image, volume, path.join(folder, 'volume.img'));
  const { stdout } = await run('ntfsfix', ['-n', part]);
  expect(stdout).toMatch(/processed successfully/);
}, 1_200_000);
