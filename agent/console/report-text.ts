// The report as a person reads it.
import { actionTextOf } from '../plan/plan.ts';
import type { Report } from '../report/report.ts';
import { boundaryText } from './boundary-text.ts';
import { machineText } from './machine-text.ts';
import { reportItemLines } from './plan-table.ts';
import { receiptText } from './receipt-text.ts';
import { durationText, sizeText } from './size-text.ts';
import { tableLines } from './table.ts';

const OUTCOMES: Readonly<Record<Report['outcome'], string>> = {
  completed:
    'Completed: Windows is installed, everything the task sequence names is in it, and the media is retired.',
  'handed-over': 'Handed over: the new Windows is what this computer starts; the deployment continues there.',
  running: 'Not finished: run `prestage deploy` (boot image) or `prestage continue` (Windows) to go on.',
  refused: 'Refused: nothing was changed on the strength of what could not be trusted or understood.',
  failed: 'Failed: see the fault below; the next run goes on from here.',
};

/** @returns lines for the screen or a text file. */
export function reportLines(report: Report): string[] {
  const { media, receipt, unverifiedTls, machine, policy, image, bytes } = report;
  return [
    OUTCOMES[report.outcome],
    '',
    ...(media === undefined
      ? []
      : [
          `Media      ${media.name} of site ${media.site}, made by ${media.createdBy}, valid until ${media.validUntil}, key ${media.keyId}`,
        ]),
    ...(receipt === undefined ? [] : [`Receipt    ${receiptText(receipt)}`]),
    ...(unverifiedTls === undefined
      ? []
      : [`INSECURE   TLS certificates were not verified: ${unverifiedTls.join(', ')}`]),
    ...(machine === undefined ? [] : [`Computer   ${machineText(machine)}`]),
    ...(policy === undefined
      ? []
      : [
          `Policy     serial ${policy.serial} from ${policy.from}: deployment ${policy.deployment}, task sequence ${policy.taskSequence}`,
        ]),
    ...(policy?.boundary === undefined ? [] : [`Boundary   ${boundaryText(policy.boundary)}`]),
    ...(image === undefined
      ? []
      : [`OS image   ${image.id} ${image.file}: ${image.chunks} chunks checked, ${image.bad.length} bad`]),
    ...(image?.bad ?? []).map(
      bad =>
        `           bad range at ${bad.offset}, ${bad.length} bytes: expected ${bad.expected.slice(0, 16)}, found ${bad.found.slice(0, 16) || 'nothing'}`,
    ),
    '',
    ...reportItemLines(report),
    '',
    `${report.items.length} items, ${sizeText(bytes.total)}: ${sizeText(bytes.present)} present, ${sizeText(bytes.reused)} reused, ${sizeText(bytes.fetched)} fetched (and ${sizeText(bytes.indexes)} of chunk indexes).`,
    ...sourceLines(report.items),
    '',
    ...tableLines(
      [{ title: 'Action' }, { title: 'State' }, { title: 'Time', right: true }, { title: 'Remark' }],
      report.actions.map(action => [
        actionTextOf(action.action, action.title),
        action.state,
        action.state === 'waiting' ? '' : durationText(action.seconds),
        remark(action),
      ]),
    ),
    '',
    ...warningLines(report.actions),
    `${report.runs} run${report.runs === 1 ? '' : 's'}, peak memory ${sizeText(report.peakMemoryBytes)}.${report.restartPending ? ' A restart is still wanted by an installer.' : ''}`,
    ...report.faults.map(fault => `${fault.at}  ${fault.code} ${fault.title}: ${fault.subject}`),
  ];
}

/** Who gave how much, the most first. */
function sourceLines(items: Report['items']): string[] {
  const bySource = new Map<string, number>();
  for (const item of items)
    for (const [source, bytes] of Object.entries(item.bySource))
      if (bytes > 0) bySource.set(source, (bySource.get(source) ?? 0) + bytes);
  if (bySource.size === 0) return [];
  const told = [...bySource]
    .toSorted(([, one], [, other]) => other - one)
    .map(([source, bytes]) => `${source} (${sizeText(bytes)})`);
  return [`Fetched from ${told.join(', ')}.`];
}

/** Sentences would make the table wider than any screen. */
function warningLines(actions: Report['actions']): string[] {
  return actions.flatMap(({ action, title, result }) =>
    result?.warning === undefined ? [] : [`Warning: ${actionTextOf(action, title)}: ${result.warning}`],
  );
}

function remark({ result, starts, fault }: Report['actions'][number]): string {
  const remarks: string[] = [];
  if (fault !== undefined) remarks.push(`${fault.code} ${fault.title}`);
  if (result?.skipped !== undefined) remarks.push(result.skipped);
  if (result?.failed !== undefined)
    remarks.push(`${result.failed.code} ${result.failed.title}; the task sequence went on`);
  if (result?.attempts !== undefined && result.attempts > 1) remarks.push(`${result.attempts} attempts`);
  if (result?.alreadyDone === true) remarks.push('already done');
  if (result?.attempts === 0) remarks.push('nothing to run');
  else if (result?.exitCode !== undefined) remarks.push(`exit code ${result.exitCode}`);
  if (result?.rehearsed === true) remarks.push('rehearsed, not run');
  if (result?.restart !== undefined) remarks.push(`${result.restart} restart`);
  if (result?.warning !== undefined) remarks.push('warning below');
  // The attempts that its author asked for are told already.
  if (starts > Math.max(1, result?.attempts ?? 1)) remarks.push(`started ${starts} times`);
  return remarks.join(', ');
}
