// Captures the user state of the Windows that lies on the target volume, in WinPE, before the image is applied: for a computer that is installed anew
// and keeps its people's files. A capture that was whole before a cut is never replaced by what a begun wipe has left.
import path from 'node:path';
import { foldCase } from '../content/manifest-path.ts';
import { Fault } from '../fault/fault.ts';
import type { ActionResult } from '../journal/record.ts';
import type { UserStateOrder } from '../policy/machine-record.ts';
import type { Advance } from '../progress/event.ts';
import { measureProfiles } from '../user-state/capture-files.ts';
import { type CaptureMethod, captureState, filesMethod, usmtMethod } from '../user-state/capture-state.ts';
import { chooseFiles } from '../user-state/choose-files.ts';
import { runUsmt } from '../user-state/run-usmt.ts';
import { computerOf } from '../user-state/state-document.ts';
import { stateKeys } from '../user-state/state-keys.ts';
import { findState, type Store, storeOf } from '../user-state/store.ts';
import { findProfiles, type Users } from '../user-state/walk-profiles.ts';
import { recallCapture, rememberCapture } from './captured-memory.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';
import { usmtPackage } from './usmt-package.ts';

export const captureUserState: Step<'capture-user-state'> = {
  name: 'capture-user-state',
  afterCut: 'start-over',
  // What lies on the volume tells nothing: once it is cleared there is nothing more to capture. So the journal decides.
  done: async () => 'unknown',
  async run(_action, world, advance) {
    const order = world.record?.userState;
    if (order === undefined) return { skipped: 'Policy has no user state for this computer.' };
    if (order.role === 'restore')
      return { skipped: 'This computer takes the user state of another one; it gives none.' };
    const { root } = await world.target();
    const store = storeOf(order.store, root, stateKeys(order.key, order.association));
    requireSpared(store, root);
    const users = await findProfiles(path.join(root, 'Users'));
    const kept = await captureToKeep(store, users, world);
    if (kept !== undefined) return kept;
    const { result, digest } = await capture(order, { store, users, root }, world, advance);
    await rememberCapture({ state: digest, profiles: users.profiles }, world);
    return result;
  },
};

/** The volume is cleared next, and of its root only this folder stays. Fault: STATE-02. */
function requireSpared(store: Store, root: string): void {
  const [first = '', ...rest] = path.relative(root, store.root).split(path.sep);
  const isOutside = first === '..' || path.isAbsolute(first) || path.isAbsolute(path.join(first, ...rest));
  if (!isOutside && foldCase(first) !== foldCase(SPARED))
    throw new Fault('STATE-02', store.root, {
      expected: `another volume, a share, or ${SPARED}`,
      found: root,
    });
}

const SPARED = '_SMSTSStateStore';

/** Everybody's folder alone is no user. */
const people = (users: Users): readonly string[] =>
  users.profiles.filter(name => foldCase(name) !== foldCase('Public'));

/** @returns the result when an earlier capture of this computer is to stay, or there is nothing to capture. */
async function captureToKeep(
  store: Store,
  users: Users,
  world: StepWorld,
): Promise<ActionResult | undefined> {
  const existing = await findState(store).catch(() => undefined);
  const remembered = await recallCapture(world);
  const isOurs = existing !== undefined && remembered?.state === existing.digest;
  if (isOurs && remembered.profiles.some(name => !users.profiles.includes(name)))
    return { warning: `Captured before the volume was cleared, at ${existing.document.created}; kept.` };
  if (people(users).length > 0) return undefined;
  return isOurs
    ? { alreadyDone: true }
    : { skipped: 'There is no Windows with user profiles on the volume.' };
}

async function capture(
  order: UserStateOrder,
  { store, users, root }: { readonly store: Store; readonly users: Users; readonly root: string },
  world: StepWorld,
  advance: Advance,
): Promise<{ readonly result: ActionResult; readonly digest: string }> {
  const { machine, durable, facts, signal } = world;
  const captureWorld = { durable, advance, ...(signal === undefined ? {} : { signal }) };
  let result: ActionResult = {};
  let method: CaptureMethod;
  if (order.method === 'files') {
    const choice = chooseFiles();
    const size = await measureProfiles(users, choice);
    method = filesMethod(store, { users, choice, size }, captureWorld, captured => {
      const text = `User state captured: ${captured.files} files, ${captured.bytes} bytes of ${users.profiles.join(', ')}.`;
      world.observe({ kind: 'note', level: 'info', component: 'user-state', text });
      if (captured.leftOut > 0)
        result = {
          warning: `${captured.leftOut} files could not be captured: ${captured.remarks.join('; ')}`,
        };
    });
  } else {
    const further = world.variables.now().get('OSDMigrateAdditionalCaptureOptions');
    const tools = await usmtPackage(order, world);
    method = usmtMethod(
      store,
      async ({ folder, key }) => {
        const run = await runUsmt(
          {
            tool: 'scanstate',
            package: tools,
            architecture: facts.architecture,
            store: folder,
            key,
            work: path.join(world.layout.own, 'user-state'),
            logs: world.layout.logs,
            offlineWindows: path.join(root, 'Windows'),
            ...(further === undefined ? {} : { further }),
          },
          { machine, durable, ...(signal === undefined ? {} : { signal }) },
        );
        const { exitCode, log, warning } = run;
        result = {
          exitCode,
          log,
          ...(warning === undefined ? {} : { warning }),
          ...(run.rehearsed ? { rehearsed: true } : {}),
        };
        return run;
      },
      captureWorld,
    );
  }
  const digest = await captureState(
    {
      store,
      storeAsOrdered: order.store,
      computer: computerOf(facts),
      created: world.clock.now().toISOString(),
      method,
    },
    { durable },
  );
  return { result, digest };
}
