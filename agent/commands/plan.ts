// prestage plan: what deploy would do on this computer, item by item, without doing it.
import type { Command } from 'commander';
import { boundaryText, pointLines } from '../console/boundary-text.ts';
import { driverLines } from '../console/driver-lines.ts';
import { detailLines } from '../console/last-screen.ts';
import { machineText, recordText } from '../console/machine-text.ts';
import { offerLines, offerRows } from '../console/offer-lines.ts';
import { planStepLines } from '../console/plan-steps.ts';
import { planLines } from '../console/plan-table.ts';
import { receiptText } from '../console/receipt-text.ts';
import type { Source } from '../distribution/source.ts';
import { briefFacts } from '../facts/machine-facts.ts';
import { type Fault, faultRecord } from '../fault/fault.ts';
import type { Judgement } from '../policy/offer.ts';
import type { Composition } from './composition.ts';
import { unlockMedia } from './deployment/media-secrets.ts';
import { type Prepared, prepare } from './deployment/prepare.ts';
import { findObstacles } from './deployment/readiness.ts';
import { missingReceipt } from './deployment/receipt.ts';
import { type MachineOptions, type RunContext, withRunContext } from './deployment/run-context.ts';
import { stepWorld } from './deployment/step-world.ts';
import { addMachineOptions } from './options.ts';

export interface PlanOptions extends MachineOptions {
  readonly json?: boolean;
  readonly why?: boolean;
  readonly deployment?: string;
  readonly passwordFile?: string;
}

/** Registers the command. */
export function addPlan(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = program
    .command('plan')
    .summary(
      'show what deploy would do: every item present, changed, damaged or missing, and the bytes to fetch',
    )
    .description(
      'Proves the media, asks for policy, surveys the cache and prints the plan. Nothing outside _SMSTaskSequence is written, and there only manifests and chunk indexes that the plan needs.',
    )
    .option(
      '--why',
      'say of every deployment why it is or is not offered to this computer, of every driver package why it is not taken, and whom content is asked of',
    )
    .option('--deployment <id>', 'plan this deployment')
    .option('--password-file <file>', 'file with the media’s password in its first line');
  addMachineOptions(command).addHelpText(
    'after',
    '\nExamples:\n  prestage plan\n  prestage plan --why\n  prestage plan --disk out/disk --config agent.yaml --json',
  );
  command.action(async (options: PlanOptions) => exit(await showPlan(options, await compose())));
}

/** @returns 0. */
export async function showPlan(options: PlanOptions, composition: Composition): Promise<number> {
  return await withRunContext(
    composition,
    options,
    { access: 'look', judgeDates: true, receipt: 'judged' },
    async locked => {
      const context = await unlockMedia(locked, options);
      const prepared = await prepare(context, {
        ...(options.deployment === undefined ? {} : { preferred: options.deployment }),
        judged({ offered, judgements }) {
          // The fault names the reasons for people; whoever asked for data gets them as data.
          if (offered.length > 0 || options.json !== true) return;
          composition.endProgress();
          composition.print(JSON.stringify(nothingOffered(judgements), undefined, 2));
        },
      });
      const world = stepWorld(context, prepared.plan, prepared.basis);
      const unvouched = missingReceipt(context, context.receipt);
      const obstacles = [
        ...(unvouched === undefined ? [] : [unvouched]),
        ...(await findObstacles(context, world)),
      ];
      composition.endProgress();
      composition.print(
        options.json === true
          ? JSON.stringify(
              {
                ...jsonOf(prepared, options.why === true),
                sources: pointsOf(context).map(({ name, level }) => ({ name, level })),
                receipt: context.receipt,
                obstacles: obstacles.map(fault => faultRecord(fault)),
              },
              undefined,
              2,
            )
          : [
              ...linesOf(prepared, options.why === true ? pointsOf(context) : undefined),
              ...(context.receipt === undefined ? [] : ['', `Receipt: ${receiptText(context.receipt)}.`]),
              ...obstacleLines(obstacles),
            ].join('\n'),
      );
      return 0;
    },
  );
}

/** Whom the plan's content is asked of, in their order. */
function pointsOf({ health, sources, manifest }: RunContext): readonly Source[] {
  return health.ranks(sources, manifest.osImage.id).flat();
}

function jsonOf({ plan, choice, policy, boundary, image, facts, drivers }: Prepared, withDevices: boolean) {
  const { deployment, taskSequence, why, others } = choice;
  return {
    format: 'prestage-plan-result/1',
    plan,
    choice: { deployment, taskSequence, why, others },
    deployments: offerRows(choice.judgements),
    policy: { serial: policy.policy.serial, digest: policy.digest, from: policy.from },
    boundary: { groups: boundary.groups, neighbours: boundary.neighbours },
    image,
    drivers: drivers.judgements,
    // With --why also every device ID, for who wants to name one in content.yaml.
    facts: withDevices ? facts : briefFacts(facts),
  };
}

function nothingOffered(judgements: readonly Judgement[]) {
  return { format: 'prestage-plan-result/1', deployments: offerRows(judgements) };
}

/** @param points with --why: whom content is asked of. */
function linesOf(
  { plan, choice, policy, boundary, drivers, facts, record }: Prepared,
  points: readonly Source[] | undefined,
): string[] {
  const known = recordText(record?.record, policy.policy.machines !== undefined);
  return [
    `Computer ${machineText(facts)}${known === '' ? '' : `; ${known}`}.`,
    `Policy serial ${policy.policy.serial} from ${policy.from}; deployment ${choice.deployment.id} of task sequence ${plan.taskSequence.name} (${plan.taskSequence.id}): ${choice.why}.`,
    ...(points === undefined ? [] : offerLines(choice).map(line => `  ${line}.`)),
    ...(policy.policy.boundaries.length === 0 ? [] : [`The computer is ${boundaryText(boundary)}.`]),
    ...(points === undefined || points.length === 0
      ? []
      : ['Content is asked of, in this order:', ...pointLines(points).map(line => `  ${line}`)]),
    '',
    ...planLines(plan),
    '',
    ...planStepLines(plan),
    ...driverLines(drivers, points !== undefined),
  ];
}

/** What deploy would refuse to begin for. */
function obstacleLines(obstacles: readonly Fault[]): string[] {
  if (obstacles.length === 0) return [];
  return [
    '',
    'deploy would change nothing yet:',
    ...obstacles.flatMap(fault => [
      `  ${fault.message}`,
      ...detailLines(fault).map(line => `    ${line}`),
      `    ${fault.entry.next}`,
    ]),
  ];
}
