// prestage capture: the user state of the old computer into the store of its association, by a signed order.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { sizeText } from '../console/size-text.ts';
import { tableLines } from '../console/table.ts';
import { Fault } from '../fault/fault.ts';
import type { Machine } from '../machine/machine.ts';
import { type CapturedFiles, measureProfiles, type StateSize } from '../user-state/capture-files.ts';
import {
  type CaptureMethod,
  captureState,
  filesMethod,
  refuseClosed,
  usmtMethod,
} from '../user-state/capture-state.ts';
import { chooseFiles } from '../user-state/choose-files.ts';
import { runUsmt, type UsmtResult } from '../user-state/run-usmt.ts';
import { computerOf } from '../user-state/state-document.ts';
import { stateKeys } from '../user-state/state-keys.ts';
import { isRelativeStore, requireStore, type Store, storeOf } from '../user-state/store.ts';
import { findProfiles } from '../user-state/walk-profiles.ts';
import { fetchUsmt } from './capture/fetch-usmt.ts';
import { type OldComputer, requireOldComputer } from './capture/old-computer.ts';
import { type GivenOrder, type OrderOptions, readOrder } from './capture/read-order.ts';
import type { Composition } from './composition.ts';

export interface CaptureOptions extends OrderOptions {
  readonly tools?: string;
  readonly usmtOptions?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly dryRun?: boolean;
  readonly disk?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addCapture(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    value,
  ];
  program
    .command('capture')
    .summary('capture the user state of this old computer for the one that replaces it')
    .description(
      'Run on the old computer, in its Windows, as administrator, with the order that `prestage associate` made for it. What the order’s method takes goes encrypted into the store; a capture that is there already is replaced only when the new one is whole.',
    )
    .requiredOption('--order <file>', 'the capture order; its signature lies beside it as FILE.sig')
    .option('--key <key>', 'public key of the site’s policy, as text or as a .pub file (repeatable)', collect)
    .option('--config <file>', 'agent.yaml with policyKeys (default: beside the executable)')
    .option('--tools <folder>', 'method usmt: scanstate lies here; else the order’s package is fetched')
    .option('--usmt-options <text>', 'method usmt: further options for scanstate, in one text')
    .option('--include <folder>', 'method files: a further folder of each profile (repeatable)', collect)
    .option('--exclude <pattern>', 'method files: leave out this name or path (repeatable)', collect)
    .option('--dry-run', 'prove the order and show what would be captured; write nothing')
    .option('--disk <folder>', 'a folder that poses as the disk of the old computer (rehearsal)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: captured. 20: the order is not vouched for. 75: the store,\nthe computer or USMT.\n\nExamples:\n  prestage capture --order E:\\order.json --key E:\\policy.pub\n  prestage capture --order order.json --exclude *.iso --exclude Downloads --dry-run',
    )
    .action(async (options: CaptureOptions) => exit(await capture(options, await compose())));
}

/** @returns 0. Faults: those of the order, STATE-02 to STATE-05, USAGE-08, USAGE-10, USAGE-14, DISK-*, STOP-01. */
export async function capture(options: CaptureOptions, composition: Composition): Promise<number> {
  const given = await readOrder(options, composition);
  const { order } = given;
  composition.learnSecret([order.key]);
  const machine = await composition.openMachine(options.disk === undefined ? {} : { disk: options.disk });
  try {
    const computer = await requireOldComputer(machine, order);
    const store = storeOf(order.store, computer.root, stateKeys(order.key, order.association));
    if (!isRelativeStore(order.store)) await requireStore(store);
    await refuseClosed(store);
    const work = { options, given, store, computer, machine, composition };
    const done = order.method === 'files' ? await captureFolders(work) : await captureWithUsmt(work);
    composition.endProgress();
    print(done, work);
    return 0;
  } finally {
    await machine.close();
  }
}

interface CaptureWork {
  readonly options: CaptureOptions;
  readonly given: GivenOrder;
  readonly store: Store;
  readonly computer: OldComputer;
  readonly machine: Machine;
  readonly composition: Composition;
}

interface Done {
  readonly size?: StateSize;
  readonly files?: CapturedFiles;
  readonly usmt?: UsmtResult;
}

async function captureFolders(work: CaptureWork): Promise<Done> {
  const { options, store, computer, composition } = work;
  const choice = chooseFiles({ include: options.include ?? [], exclude: options.exclude ?? [] });
  const users = await findProfiles(path.join(computer.root, 'Users'));
  if (users.profiles.length === 0)
    throw new Fault('USAGE-08', users.folder, { expected: 'profiles of people', found: 'none' });
  const size = await measureProfiles(users, choice);
  if (options.dryRun === true) return { size };
  let files: CapturedFiles | undefined;
  const method = filesMethod(store, { users, choice, size }, captureWorld(composition), captured => {
    files = captured;
  });
  await captureInto(work, method);
  return { size, ...(files === undefined ? {} : { files }) };
}

async function captureWithUsmt(work: CaptureWork): Promise<Done> {
  const { options, given, store, computer, machine, composition } = work;
  if (options.dryRun === true) return {};
  const { durable, signal } = composition;
  const temporary = path.join(computer.root, 'Windows', 'Temp');
  await removeLeftovers(temporary, composition);
  // The name cannot be guessed: Windows lets everybody make folders there.
  const folder = path.join(temporary, `${WORK_PREFIX}${randomBytes(8).toString('hex')}`);
  await durable.makeFolder(folder);
  await machine.protect(folder);
  let usmt: UsmtResult | undefined;
  try {
    const tools = options.tools ?? (await fetchUsmt(given, folder, machine, composition));
    const method = usmtMethod(
      store,
      async place => {
        composition.learnSecret([place.key]);
        usmt = await runUsmt(
          {
            tool: 'scanstate',
            package: path.resolve(tools),
            architecture: computer.facts.architecture,
            store: place.folder,
            key: place.key,
            work: folder,
            logs: path.join(computer.root, 'Windows', 'Logs', 'Prestage'),
            ...(options.usmtOptions === undefined ? {} : { further: options.usmtOptions }),
          },
          { machine, durable, signal },
        );
        return usmt;
      },
      captureWorld(composition),
    );
    await captureInto(work, method);
  } finally {
    await durable.remove(folder);
  }
  return usmt === undefined ? {} : { usmt };
}

const WORK_PREFIX = 'prestage-capture-';

/** A cut leaves the folder with the key file, which only SYSTEM and Administrators can read, until the next capture. */
async function removeLeftovers(folder: string, { durable }: Composition): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (name.startsWith(WORK_PREFIX)) await durable.remove(path.join(folder, name));
}

async function captureInto(
  { given: { order }, store, computer, composition }: CaptureWork,
  method: CaptureMethod,
): Promise<void> {
  const { clock, durable, observe, claim } = composition;
  const release = await claim(`capture ${store.folder}`);
  if (release === undefined)
    throw new Fault('USAGE-14', store.folder, { expected: 'one capture at a time', found: 'one at work' });
  const subject = order.association;
  const began = clock.ticks();
  observe({ kind: 'started', stage: 'user-state', subject });
  try {
    const created = clock.now().toISOString();
    const request = {
      store,
      storeAsOrdered: order.store,
      computer: computerOf(computer.facts),
      created,
      method,
    };
    await captureState(request, { durable });
    observe({ kind: 'finished', stage: 'user-state', subject, seconds: (clock.ticks() - began) / 1000 });
  } finally {
    await release();
  }
}

function captureWorld({ durable, signal, observe }: Composition) {
  return {
    durable,
    signal,
    advance: (doneBytes: number, totalBytes: number) =>
      observe({ kind: 'advanced', stage: 'user-state', doneBytes, totalBytes }),
  };
}

function print(done: Done, { options, given: { order }, store, composition }: CaptureWork): void {
  const { association, site, method } = order;
  const dryRun = options.dryRun === true;
  if (options.json === true) {
    const head = { format: 'prestage-capture/1', site, association, store: store.folder, method, dryRun };
    composition.print(JSON.stringify({ ...head, ...done }, undefined, 2));
    return;
  }
  composition.print([...sizeLines(done), ...doneLines(done, dryRun, store)].join('\n'));
}

function sizeLines({ size }: Done): readonly string[] {
  if (size === undefined) return [];
  const columns = [{ title: 'Profile' }, { title: 'Files', right: true }, { title: 'Size', right: true }];
  const rows = size.profiles.map(({ name, files, bytes }) => [name, String(files), sizeText(bytes)]);
  return [
    'Method files: folders of the profiles; no registry, no settings of applications.',
    ...tableLines(columns, rows),
    '',
  ];
}

function doneLines({ files, usmt }: Done, dryRun: boolean, store: Store): readonly string[] {
  if (dryRun) return [`Nothing was written. The capture would go to ${store.folder}.`];
  const remarks = (files?.remarks ?? []).map(remark => `  ${remark}`);
  const more = (files?.leftOut ?? 0) > remarks.length ? ['  …'] : [];
  return [
    ...(files === undefined
      ? []
      : [`Captured ${files.files} files, ${sizeText(files.bytes)}; ${files.leftOut} left out.`]),
    ...remarks,
    ...more,
    ...(usmt === undefined
      ? []
      : [
          `scanstate ended with ${usmt.exitCode}${usmt.rehearsed ? ' (rehearsed, not run)' : ''}; log: ${usmt.log}`,
        ]),
    ...(usmt?.warning === undefined ? [] : [usmt.warning]),
    `The store is whole: ${store.folder}. Keep this computer until the new one has restored it.`,
  ];
}
