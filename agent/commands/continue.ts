// prestage continue: the part of a deployment that runs in the new Windows, up to the report and the last cleaning up.
import type { Command } from 'commander';
import { reportLines } from '../console/report-text.ts';
import { cacheLayout } from '../content/layout.ts';
import { EXIT_CONTINUES_AFTER_RESTART } from '../fault/catalogue.ts';
import { Fault } from '../fault/fault.ts';
import { readJournal } from '../journal/journal.ts';
import { type Past, recall } from '../journal/past.ts';
import type { Machine, Volume } from '../machine/machine.ts';
import type { Report } from '../report/report.ts';
import { summarize } from '../report/summary.ts';
import { protectPlaces } from '../steps/protect-folders.ts';
import { runPlan } from '../steps/run-plan.ts';
import type { Composition } from './composition.ts';
import { requirePlanOfPolicy } from './deployment/accepted-policy.ts';
import { unverifiedTlsOf } from './deployment/agent-settings.ts';
import { endRetirement } from './deployment/end-retirement.ts';
import { failRun, STATUS_PATIENCE_MS } from './deployment/fail-run.ts';
import { keptFolder } from './deployment/keep-records.ts';
import { unlockAfterHandOver } from './deployment/media-secrets.ts';
import { preferNearerPoints, preferServingPoint } from './deployment/nearer-points.ts';
import { type MachineOptions, type RunContext, withRunContext } from './deployment/run-context.ts';
import { stepWorld } from './deployment/step-world.ts';
import { addMachineOptions } from './options.ts';

export interface ContinueOptions extends MachineOptions {
  readonly json?: boolean;
  readonly restart?: boolean;
}

// Windows Setup after specialize: a slow disk takes half an hour; past this it is stuck, and the log says so.
const SETUP_WAIT_MS = 2 * 60 * 60 * 1000;
const SETUP_POLL_MS = 5_000;

/** Registers the command. */
export function addContinue(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = program
    .command('continue')
    .summary('go on in the new Windows: packages, applications, report, cleaning up')
    .description(
      'Started by the new Windows itself after its Setup. Installs packages and applications in order, each proven again before it runs, keeps the report below Windows\\Logs\\Prestage, then removes the cache, the media’s boot entry and itself.',
    )
    .option('--no-restart', 'do not restart when an installer asks for it');
  addMachineOptions(command).addHelpText(
    'after',
    '\nExit code 3 means: an installer asked for a restart; the run goes on after it.\n\nExamples:\n  prestage continue\n  prestage continue --disk out/disk --config agent.yaml --json',
  );
  command.action(async (options: ContinueOptions) =>
    exit(await continueDeployment(options, await compose())),
  );
}

/** @returns 0 when everything is done, 3 when it goes on after a restart. */
export async function continueDeployment(
  options: ContinueOptions,
  composition: Composition,
): Promise<number> {
  const ended = await endRetirement(options, composition);
  if (ended !== undefined) {
    show(ended, options, composition);
    return 0;
  }
  const needs = { access: 'write', judgeDates: false, goesOn: isHandedOver } as const;
  return await withRunContext(composition, options, needs, async context => {
    try {
      const code = await carryOn(options, context);
      if (code !== 0) await context.status.flush({ timeoutMs: STATUS_PATIENCE_MS });
      return code;
    } catch (thrown) {
      throw await failRun(context, 'continue', thrown);
    }
  });
}

async function carryOn(options: ContinueOptions, locked: RunContext): Promise<number> {
  const { composition, journal, layout, machine } = locked;
  if (journal === undefined) throw new Error('continue needs a journal');
  const past = recall(journal.records);
  const plan = past.plan;
  if (plan === undefined || !handedOver(past))
    throw new Fault('JOURNAL-03', layout.journal, {
      found: plan === undefined ? 'no plan' : 'a deployment that was not handed over',
    });
  const began = composition.clock.ticks();
  // Cut, or failed, right after the boot store was changed: that this Windows runs is proof enough.
  if (!past.finished.has('hand-over'))
    await journal.append({
      type: 'action-finished',
      action: 'hand-over',
      seconds: 0,
      result: { alreadyDone: true },
    });
  await journal.append({
    type: 'run-started',
    command: 'continue',
    version: composition.version,
    system: options.disk === undefined ? 'full-os' : 'rehearsal',
    ...unverifiedTlsOf(locked.settings),
  });
  const context = await unlockAfterHandOver(locked, plan);
  const basis = await requirePlanOfPolicy(context, plan);
  // Once it has joined its domain, Windows knows the site that Windows PE could not; addresses may not be there yet, and are those of the plan.
  const { adSite } = await machine.facts();
  const place = adSite === undefined ? basis.facts : { ...basis.facts, adSite };
  preferNearerPoints(context, basis.policy, place);
  preferServingPoint(context, basis.policy, place);
  if (basis.policy.statusUrl !== undefined) context.sendStatusTo(basis.policy.statusUrl);
  // Not before it is known who listens: what a point has begun to receive, it is to receive to the end.
  context.status.start();
  const world = stepWorld(context, plan, basis);
  // Once more, and before Setup is waited for: from here on others are at work on this machine, and nothing is run that they could have changed.
  await protectPlaces(world);
  await waitForSetup(machine, composition);
  const kept = keptFolder((await world.target()).root);
  const outcome = await runPlan('full-os', world, journal);
  composition.endProgress();
  if (outcome === 'restart') {
    await journal.append({
      type: 'run-finished',
      command: 'continue',
      peakMemoryBytes: composition.peakMemoryBytes(),
      seconds: (composition.clock.ticks() - began) / 1000,
    });
    composition.print('A restart was asked for; the deployment goes on after it.');
    if (options.restart !== false) await machine.restart();
    return EXIT_CONTINUES_AFTER_RESTART;
  }
  const report = summarize(journal.records, composition.version);
  show(report, options, composition);
  if (options.json !== true) composition.print(`\nThe report, the journal and the logs are kept in ${kept}.`);
  if (report.restartPending && options.restart !== false) await machine.restart();
  return 0;
}

/** Of several media the one that this Windows comes from: a stick that was left in may be media, too. */
async function isHandedOver({ root }: Volume): Promise<boolean> {
  return readJournal(cacheLayout(root).journal).then(
    records => handedOver(recall(records)),
    () => false, // damaged: whoever names that media is told
  );
}

/** Also while hand-over is started and not finished: the boot store may have been changed. */
function handedOver({ finished, open }: Past): boolean {
  return finished.has('hand-over') || open.has('hand-over');
}

async function waitForSetup(machine: Machine, { sleep, clock, observe, signal }: Composition): Promise<void> {
  const began = clock.ticks();
  let told = false;
  while (!(await machine.isSetupComplete())) {
    if (signal.aborted) throw new Fault('STOP-01', 'Windows Setup');
    if (clock.ticks() - began > SETUP_WAIT_MS)
      throw new Fault('PKG-02', 'Windows Setup', { waitedMinutes: SETUP_WAIT_MS / 60_000 });
    if (!told)
      observe({
        kind: 'note',
        level: 'info',
        component: 'continue',
        text: 'Windows Setup is not complete yet; waiting for it.',
      });
    told = true;
    await sleep(SETUP_POLL_MS, signal);
  }
}

function show(report: Report, options: ContinueOptions, { print }: Composition): void {
  print(options.json === true ? JSON.stringify(report, undefined, 2) : reportLines(report).join('\n'));
}
