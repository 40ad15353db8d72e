// Plays a case: lays its world, types its command, judges the screen, and looks whether anything changed that must not.
import { expect } from 'vitest';
import { expectRefusal } from './judge.ts';
import type { MachineCase } from './machine-case.ts';
import { type Ended, runPrestage } from './run-prestage.ts';
import { type Snapshot, snapshotOf, withoutRecords } from './snapshot.ts';
import type { Place, World } from './world.ts';

/** What every command at a machine is told in a test. */
export const AT_DISK = ['--disk', 'disk', '--config', 'agent.yaml', '--json'];

/** @returns where it was played, for tests that look further. */
export async function playCase(
  world: World,
  { world: change = {}, command = ['deploy'], words, env, unchanged, title: _title, ...told }: MachineCase,
): Promise<Place & { readonly ended: Ended }> {
  const place = await world.lay(change);
  const before = snapshotOf(place.folder);
  const ended = await runPrestage(words ?? [...command, ...AT_DISK], {
    cwd: place.folder,
    ...(env && { env }),
  });
  expectRefusal(ended, told);
  const kept = KEPT[unchanged];
  expect(kept(snapshotOf(place.folder))).toEqual(kept(before));
  return { ...place, ended };
}

const KEPT: Readonly<Record<MachineCase['unchanged'], (snapshot: Snapshot) => Snapshot>> = {
  everything: snapshot => snapshot,
  'all-but-records': withoutRecords,
  'outside-cache': snapshot =>
    Object.fromEntries(
      Object.entries(snapshot).filter(
        // What a rehearsal wrote down instead of running it is no change of the machine.
        ([name]) => !name.includes('/_SMSTaskSequence/') && !name.endsWith('/commands.ndjson'),
      ),
    ),
};
