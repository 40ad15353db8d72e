// Whether an application is on this machine, by the detection of its manifest: rules are the machine's to answer, scripts are run.
import path from 'node:path';
import type { DetectionClause, DetectionScript } from '../content/manifest.ts';
import { asFault } from '../fault/fault.ts';
import { plannedItem } from './planned-item.ts';
import { BYTE_ORDER_MARK, POWERSHELL_FILE } from './powershell.ts';
import type { StepWorld } from './step-world.ts';
import { verifiedItem } from './verified-item.ts';

/** `unknown`: no detection is written, or a rehearsal does not run what would tell. */
export type Installed = boolean | 'unknown';

const SCRIPT_TIMEOUT_MINUTES = 5;

/**
 * Asks each clause in turn until one decides. A script runs in the item's folder, proven right before.
 * @throws Fault CONTENT-02 when a script's item cannot be proven; STOP-01. A script that fails is a warning, and tells of nothing installed.
 */
export async function isInstalled(id: string, world: StepWorld): Promise<Installed> {
  const { detection = [] } = await world.manifest(plannedItem(world, id).reference);
  return detection.length === 0 ? 'unknown' : holds({ all: detection }, id, world);
}

async function holds(clause: DetectionClause, id: string, world: StepWorld): Promise<Installed> {
  if ('any' in clause) return firstThatDecides(clause.any, true, id, world);
  if ('all' in clause) return firstThatDecides(clause.all, false, id, world);
  if ('script' in clause || 'powershell' in clause) return scriptFinds(clause, id, world);
  return world.machine.detects(clause);
}

/** One `true` decides `any`, one `false` decides `all`; an unknown leaves open what no other clause decides. */
async function firstThatDecides(
  clauses: readonly DetectionClause[],
  deciding: boolean,
  id: string,
  world: StepWorld,
): Promise<Installed> {
  let answer: Installed = !deciding;
  for (const clause of clauses) {
    const held = await holds(clause, id, world);
    if (held === deciding) return deciding;
    if (held === 'unknown') answer = 'unknown';
  }
  return answer;
}

/**
 * Exit code 0 and any text on stdout mean installed, exit code 0 and none not installed, as Configuration Manager takes it.
 * Source: Microsoft, "Create applications in Configuration Manager", about custom scripts as detection method.
 */
async function scriptFinds(clause: DetectionScript, id: string, world: StepWorld): Promise<Installed> {
  const { folder } = await verifiedItem(world, id);
  const { command, end } = await commandOf(clause, id, folder, world);
  try {
    const { exitCode, timedOut, stdout, stderr, rehearsed } = await world.machine.run({
      command,
      folder,
      timeoutMs: (clause.timeoutMinutes ?? SCRIPT_TIMEOUT_MINUTES) * 60_000,
      expands: true,
      asksOnly: true,
      ...(world.signal === undefined ? {} : { signal: world.signal }),
    });
    if (rehearsed) return 'unknown';
    if (exitCode === 0) return stdout.trim() !== '';
    const how = timedOut ? 'did not end in its time' : `ended with ${exitCode}`;
    warn(`the detection script ${how}, which tells nothing: ${lastLine(stderr)}`, id, world);
    return false;
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.code !== 'PKG-03') throw fault;
    warn(`the detection script could not be started: ${command}`, id, world);
    return false;
  } finally {
    await end();
  }
}

/** Script text is laid into the agent's own folder, which only SYSTEM and Administrators may write, and taken away again. */
async function commandOf(clause: DetectionScript, id: string, folder: string, world: StepWorld) {
  if ('script' in clause) {
    const file = path.join(folder, ...clause.script.split(/[\\/]/));
    const command = /\.ps1$/i.test(file) ? `${POWERSHELL_FILE} "${file}"` : `"${file}"`;
    return { command, end: async () => {} };
  }
  const file = path.join(world.layout.own, 'temp', `detect-${id}.ps1`);
  await world.durable.makeFolder(path.dirname(file));
  await world.durable.replaceFile(file, Buffer.from(`${BYTE_ORDER_MARK}${clause.powershell}`));
  return { command: `${POWERSHELL_FILE} "${file}"`, end: () => world.durable.remove(file) };
}

function warn(text: string, id: string, world: StepWorld): void {
  world.observe({
    kind: 'note',
    level: 'warning',
    component: 'install',
    text: `${id}: ${world.redact(text)}`,
  });
}

function lastLine(text: string): string {
  return text.trim().split(/\r?\n/).at(-1)?.trim() ?? '';
}
