// Restores the user state that policy orders for this computer, in the new Windows: every byte is proven before the first is written, and the
// association is closed last. The store is not touched before that, so after a cut it starts over.
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { ActionResult } from '../journal/record.ts';
import type { UserStateOrder } from '../policy/machine-record.ts';
import type { Advance } from '../progress/event.ts';
import { openProfileHomes, SET_ASIDE } from '../user-state/profile-homes.ts';
import { type RestoredState, restoreState } from '../user-state/restore-state.ts';
import { runUsmt, type UsmtResult } from '../user-state/run-usmt.ts';
import { isSameComputer } from '../user-state/same-computer.ts';
import { type ClosedDocument, computerOf } from '../user-state/state-document.ts';
import { stateKeys } from '../user-state/state-keys.ts';
import {
  findState,
  isRelativeStore,
  readClosed,
  requireStore,
  type Store,
  storeOf,
} from '../user-state/store.ts';
import { recallCapture } from './captured-memory.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';
import { usmtPackage } from './usmt-package.ts';

/** After Windows has started its network may need a while; a share is waited for, a folder is there or not. */
const WAITS_MS = [5_000, 10_000, 20_000, 40_000] as const;

export const restoreUserState: Step<'restore-user-state'> = {
  name: 'restore-user-state',
  afterCut: 'start-over',
  async done(_action, world) {
    const order = world.record?.userState;
    if (order === undefined || order.role === 'capture') return false;
    const store = await storeFor(order, world);
    // Whatever is wrong with the store is told by the run.
    const closed = await readClosed(store).catch(() => undefined);
    return isOwn(closed, world) && closed.deployment === world.began;
  },
  async run(_action, world, advance) {
    const order = world.record?.userState;
    if (order === undefined) return { skipped: 'Policy has no user state for this computer.' };
    if (order.role === 'capture')
      return { skipped: 'This computer gives its user state; another one takes it.' };
    const store = await storeFor(order, world);
    // On its own volume a store is there or not: restoring tells.
    if (!isRelativeStore(order.store)) await waitForStore(store, world);
    if (await isNothingCaptured(order, store, world))
      return { skipped: 'Nothing was captured on this computer: it had no Windows with user profiles.' };
    const closed = await readClosed(store);
    if (!isOwn(closed, world)) return await restore(order, store, world, advance);
    // Closed before a cut, and `done` was asked when the share was not there yet.
    if (closed.deployment === world.began) return { alreadyDone: true };
    // Installed anew, this computer has lost what it took over: the store is whole still, and nobody else may have it.
    const result = await restore(order, store, world, advance, 'again');
    const warning = `This computer restored it before, on ${closed.closed}, in an earlier installation; it was restored again.`;
    return { ...result, warning: result.warning === undefined ? warning : `${warning} ${result.warning}` };
  },
};

/** True when this very computer has closed the association, in this installation or an earlier one. */
function isOwn(closed: ClosedDocument | undefined, world: StepWorld): closed is ClosedDocument {
  return closed !== undefined && isSameComputer(closed.computer, world.facts);
}

/** A computer that was to keep its own state, and had none: the capture was skipped before the volume was cleared. */
async function isNothingCaptured(order: UserStateOrder, store: Store, world: StepWorld): Promise<boolean> {
  if (order.role !== 'refresh' || (await recallCapture(world)) !== undefined) return false;
  return (await findState(store)) === undefined;
}

async function storeFor(order: UserStateOrder, world: StepWorld): Promise<Store> {
  return storeOf(order.store, (await world.target()).root, stateKeys(order.key, order.association));
}

async function waitForStore(store: Store, world: StepWorld): Promise<void> {
  const isShare = /^[\\/]{2}/.test(store.root);
  for (const waitMs of world.machine.kind === 'windows' && isShare ? WAITS_MS : []) {
    try {
      return await requireStore(store);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'STATE-02') throw error;
      note(world, 'warning', `${store.root} is not reached; trying again in ${waitMs / 1000} s.`);
      await world.sleep(waitMs, world.signal);
    }
  }
  await requireStore(store);
}

async function restore(
  order: UserStateOrder,
  store: Store,
  world: StepWorld,
  advance: Advance,
  again?: 'again',
): Promise<ActionResult> {
  const { machine, durable, facts, signal } = world;
  const target = await world.target();
  const homes = openProfileHomes(target.root, { machine, durable });
  let usmt: UsmtResult | undefined;
  const restored = await restoreState(
    {
      store,
      computer: computerOf(facts),
      again: again !== undefined,
      deployment: world.began,
      now: () => world.clock.now(),
      home: profile => homes.home(profile),
      freeBytes: target.freeBytes,
      rehearsal: machine.kind === 'folder',
      load: async ({ folder, key }) => {
        const further = world.variables.now().get('OSDMigrateAdditionalRestoreOptions');
        usmt = await runUsmt(
          {
            tool: 'loadstate',
            package: await usmtPackage(order, world),
            architecture: facts.architecture,
            store: folder,
            key,
            work: path.join(world.layout.own, 'user-state'),
            logs: world.layout.logs,
            ...(further === undefined ? {} : { further }),
          },
          { machine, durable, ...(signal === undefined ? {} : { signal }) },
        );
      },
    },
    { durable, advance, ...(signal === undefined ? {} : { signal }) },
  );
  if (usmt !== undefined)
    return {
      exitCode: usmt.exitCode,
      log: usmt.log,
      ...(usmt.warning === undefined ? {} : { warning: usmt.warning }),
      ...(usmt.rehearsed ? { rehearsed: true } : {}),
    };
  return await tell(restored, homes.setAside, world);
}

/** The names of what did not come as it was go into a log of their own, which stays with the others. */
async function tell(
  { files, state }: RestoredState,
  setAside: readonly string[],
  world: StepWorld,
): Promise<ActionResult> {
  if (files === undefined) return {};
  const log = path.join(world.layout.logs, 'restore-user-state.log');
  const from = state.document.computer.serial ?? state.document.computer.model ?? 'the old computer';
  const counts = `${files.files} files, ${files.bytes} bytes, captured on ${from} at ${state.document.created}`;
  const lines = [
    `${world.clock.now().toISOString()} restored ${counts}; ${files.there} were there already.`,
    ...setAside.map(profile => `No profile yet, set aside in ${SET_ASIDE}: ${profile}`),
    ...files.beside.map(name => `Restored under another name: ${name}`),
    ...files.leftOut.map(name => `Not captured: ${name}`),
    '',
  ];
  await world.durable.makeFolder(world.layout.logs);
  await world.durable.append(log, Buffer.from(lines.join('\r\n')));
  note(world, 'info', `User state restored: ${counts}.`);
  const remarks = [
    ...(setAside.length === 0
      ? []
      : [`${setAside.length} people without a profile: their files are in ${SET_ASIDE}`]),
    ...(files.beside.length === 0 ? [] : [`${files.beside.length} files were restored under another name`]),
    ...(files.leftOut.length === 0 ? [] : [`${files.leftOut.length} files could not be captured`]),
  ];
  return { log, ...(remarks.length === 0 ? {} : { warning: `${remarks.join('; ')}; see ${log}.` }) };
}

function note(world: StepWorld, level: 'info' | 'warning', text: string): void {
  world.observe({ kind: 'note', level, component: 'user-state', text });
}
