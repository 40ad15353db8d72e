// prestage deploy: the whole of first boot in WinPE, from proven media to the hand-over.
import path from 'node:path';
import type { Command } from 'commander';
import { planLines } from '../console/plan-table.ts';
import { reportLines } from '../console/report-text.ts';
import { briefFacts } from '../facts/machine-facts.ts';
import { EXIT_CONTINUES_AFTER_RESTART } from '../fault/catalogue.ts';
import { summarize } from '../report/summary.ts';
import { takeBack } from '../steps/hand-over.ts';
import { runPlan } from '../steps/run-plan.ts';
import type { Composition } from './composition.ts';
import { keepAcceptedPolicy } from './deployment/accepted-policy.ts';
import { unverifiedTlsOf } from './deployment/agent-settings.ts';
import { askDeployment } from './deployment/ask-deployment.ts';
import { failRun, STATUS_PATIENCE_MS } from './deployment/fail-run.ts';
import { reportBytes } from './deployment/keep-records.ts';
import { keepMachineRecord } from './deployment/machine-record.ts';
import { unlockMedia } from './deployment/media-secrets.ts';
import { prepare } from './deployment/prepare.ts';
import { findObstacles } from './deployment/readiness.ts';
import { type MachineOptions, type RunContext, withRunContext } from './deployment/run-context.ts';
import { stepWorld } from './deployment/step-world.ts';
import { addMachineOptions } from './options.ts';

export interface DeployOptions extends MachineOptions {
  readonly json?: boolean;
  readonly fresh?: boolean;
  /** False: the caller restarts the machine (`--no-restart`). */
  readonly restart?: boolean;
  readonly deployment?: string;
  readonly passwordFile?: string;
}

/** Registers the command. */
export function addDeploy(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = program
    .command('deploy')
    .summary('carry out the deployment on this computer, up to the hand-over to the new Windows')
    .description(
      'Proves the prestaged media, asks the management point for policy, completes the task-sequence cache from the distribution points, applies the OS image, drivers and boot files, hands over and restarts. A run that was cut goes on where it was.',
    )
    .option('--deployment <id>', 'run this deployment, also a hidden one')
    .option(
      '--fresh',
      'set the journal of an earlier run aside and begin anew: the OS image is applied again',
    )
    .option('--no-restart', 'do not restart at the end')
    .option('--password-file <file>', 'file with the media’s password in its first line');
  addMachineOptions(command).addHelpText(
    'after',
    '\nExit code 3 means: handed over, continues after the restart.\n\nExamples:\n  prestage deploy\n  prestage deploy --deployment ABC20007 --no-restart\n  prestage deploy --disk out/disk --config agent.yaml',
  );
  command.action(async (options: DeployOptions) => exit(await deploy(options, await compose())));
}

/** @returns exit code 3, after the hand-over or before a restart into the media. Every fault is journaled before it is thrown on. */
export async function deploy(options: DeployOptions, composition: Composition): Promise<number> {
  await deployOnce(options, composition);
  return EXIT_CONTINUES_AFTER_RESTART;
}

/** As deploy. @returns whether the new Windows continues, or deploy itself after a restart into the media. */
export async function deployOnce(
  options: DeployOptions,
  composition: Composition,
): Promise<'handed-over' | 'restart'> {
  const needs = {
    access: 'write',
    judgeDates: true,
    receipt: 'demanded',
    system: { command: 'prestage deploy', expected: 'winpe' },
    ...(options.fresh === true ? { fresh: true } : {}),
  } as const;
  return await withRunContext(composition, options, needs, async context => {
    let outcome: 'handed-over' | 'restart';
    // Who listens may want an account that lies sealed: a refusal would end the sending for this run.
    if (context.manifest.secrets === undefined) context.status.start();
    try {
      outcome = await carryOut(options, context);
    } catch (thrown) {
      throw await failRun(context, 'deploy', thrown);
    }
    await context.status.flush({ timeoutMs: STATUS_PATIENCE_MS });
    if (options.restart !== false) await context.machine.restart();
    return outcome;
  });
}

async function carryOut(options: DeployOptions, locked: RunContext): Promise<'handed-over' | 'restart'> {
  const { composition, journal, manifest, key, layout } = locked;
  if (journal === undefined) throw new Error('deploy needs a journal');
  const began = composition.clock.ticks();
  const { context, ...prepared } = await beginRun(options, locked);
  const { plan, drivers } = prepared;
  if (drivers.note !== undefined)
    context.observe({ kind: 'note', level: 'warning', component: 'drivers', text: drivers.note });
  composition.endProgress();
  if (options.json !== true) composition.print(`\n${planLines(plan).join('\n')}\n`);

  const world = stepWorld(context, plan, prepared.basis);
  const [obstacle, ...others] = await findObstacles(context, world);
  for (const { message: text } of others)
    context.observe({ kind: 'note', level: 'warning', component: 'deploy', text: `Besides: ${text}` });
  if (obstacle !== undefined) throw obstacle;
  await takeBack(context.machine);
  // Not a moment earlier: until there is a new plan, the new Windows of an earlier hand-over may still go by the old one and its policy.
  await keepAcceptedPolicy(context, prepared.policy);
  await keepMachineRecord(context, prepared.record);
  await journal.append({ type: 'plan', plan });
  const outcome = await runPlan('winpe', world, journal);

  await journal.append({
    type: 'run-finished',
    command: 'deploy',
    peakMemoryBytes: composition.peakMemoryBytes(),
    seconds: (composition.clock.ticks() - began) / 1000,
  });
  await composition.durable.replaceFile(path.join(layout.own, 'report.json'), reportBytes(context));
  const report = summarize(context.records, composition.version);
  composition.endProgress();
  composition.print(
    options.json === true ? JSON.stringify(report, undefined, 2) : reportLines(report).join('\n'),
  );
  context.observe({
    kind: 'note',
    level: 'info',
    component: 'deploy',
    text:
      outcome === 'restart'
        ? 'A step asked for a restart; the media starts again, and the deployment goes on.'
        : `Media ${manifest.name} (key ${key.id}) is deployed; the new Windows continues.`,
  });
  return outcome === 'restart' ? 'restart' : 'handed-over';
}

async function beginRun(options: DeployOptions, locked: RunContext) {
  const { composition, journal, manifest, key } = locked;
  await journal?.append({
    type: 'run-started',
    command: 'deploy',
    version: composition.version,
    system: options.disk === undefined ? 'winpe' : 'rehearsal',
    lot: Math.floor(composition.random() * 2 ** 52).toString(36),
    ...unverifiedTlsOf(locked.settings),
  });
  const { mediaId, name, site, validUntil, createdBy } = manifest;
  await journal?.append({
    type: 'media-verified',
    mediaId,
    name,
    site,
    keyId: key.id,
    validUntil,
    createdBy,
  });
  if (locked.receipt !== undefined) await journal?.append({ type: 'receipt-judged', ...locked.receipt });
  const context = await unlockMedia(locked, options);
  if (locked.manifest.secrets !== undefined) context.status.start();
  const prepared = await prepare(context, {
    ask: (policy, offered) => askDeployment(context, policy, offered, { json: options.json === true }),
    ...(options.deployment === undefined ? {} : { preferred: options.deployment }),
  });
  const { policy, choice, image, facts, boundary } = prepared;
  await journal?.append({ type: 'machine', facts: briefFacts(facts) });
  await journal?.append({
    type: 'policy-accepted',
    serial: policy.policy.serial,
    digest: policy.digest,
    from: policy.from,
    deployment: choice.deployment.id,
    taskSequence: choice.taskSequence.id,
    ...(policy.policy.boundaries.length === 0
      ? {}
      : { boundary: { groups: boundary.groups, neighbours: boundary.neighbours } }),
  });
  await journal?.append({ type: 'image-validated', ...image });
  for (const bad of image.bad) {
    context.observe({
      kind: 'note',
      level: 'warning',
      component: 'validate-image',
      text: `${image.id} ${bad.file}: bad range at offset ${bad.offset}, ${bad.length} bytes: expected ${bad.expected}, found ${bad.found || 'no bytes'}.`,
    });
  }
  return { ...prepared, context };
}
