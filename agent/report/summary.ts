// Folds the journal into the report. Pure; no second bookkeeping exists.
import type { FaultRecord } from '../fault/fault.ts';
import { type Past, recall } from '../journal/past.ts';
import type { ActionResult, JournalRecord } from '../journal/record.ts';
import type { JudgedReceipt } from '../media/judge-receipt.ts';
import { actionKey, type Outcome, type Plan } from '../plan/plan.ts';
import type { Report, ReportAction, ReportItem } from './report.ts';

/** @param records the journal, oldest first; an empty one gives a report of nothing. */
export function summarize(records: readonly JournalRecord[], version: string): Report {
  const plans = recordsOf(records, 'plan').map(record => record.plan);
  const items = reportItems(plans, records);
  const media = recordsOf(records, 'media-verified').at(-1);
  const receipt = recordsOf(records, 'receipt-judged').at(-1);
  const machine = recordsOf(records, 'machine').at(-1);
  const policy = recordsOf(records, 'policy-accepted').at(-1);
  const image = recordsOf(records, 'image-validated')[0];
  const began = records[0]?.at;
  const ended = records.at(-1)?.at;
  return {
    format: 'prestage-report/1',
    version,
    outcome: outcomeOf(records),
    ...(media === undefined
      ? {}
      : { media: pick(media, ['mediaId', 'name', 'site', 'keyId', 'validUntil', 'createdBy']) }),
    ...(receipt === undefined ? {} : { receipt: receiptOf(receipt) }),
    ...unverifiedTls(records),
    ...(machine === undefined ? {} : { machine: machine.facts }),
    ...(policy === undefined
      ? {}
      : {
          policy: {
            ...pick(policy, ['serial', 'from', 'deployment', 'taskSequence']),
            ...(policy.boundary === undefined ? {} : { boundary: policy.boundary }),
          },
        }),
    ...(image === undefined ? {} : { image: pick(image, ['id', 'file', 'chunks', 'bad']) }),
    items,
    byOutcome: countOutcomes(items),
    bytes: {
      total: sum(items.map(item => item.totalBytes)),
      present: sum(items.map(item => item.presentBytes)),
      reused: sum(items.map(item => item.reusedBytes)),
      fetched: sum(items.map(item => item.fetchedBytes)),
      indexes: sum([
        ...recordsOf(records, 'action-finished').map(record => record.result.indexBytes ?? 0),
        ...plans.flatMap(plan => plan.items.map(item => item.indexBytes ?? 0)),
      ]),
    },
    stages: stageSeconds(records),
    actions: reportActions(plans.at(-1), records),
    runs: recordsOf(records, 'run-started').length,
    restartPending: recall(records).restartPending !== undefined,
    peakMemoryBytes: Math.max(
      0,
      ...[...recordsOf(records, 'run-finished'), ...recordsOf(records, 'run-failed')].map(
        ({ peakMemoryBytes = 0 }) => peakMemoryBytes,
      ),
    ),
    ...(began === undefined ? {} : { began }),
    ...(ended === undefined ? {} : { ended }),
    faults: records.flatMap(record =>
      record.type === 'run-failed' ? [{ ...record.fault, at: record.at }] : [],
    ),
  };
}

function receiptOf({
  type: _type,
  n: _n,
  at: _at,
  ...judged
}: JournalRecord & { type: 'receipt-judged' }): JudgedReceipt {
  return judged;
}

function unverifiedTls(records: readonly JournalRecord[]): Pick<Report, 'unverifiedTls'> {
  const servers = new Set(recordsOf(records, 'run-started').flatMap(record => record.unverifiedTls ?? []));
  return servers.size === 0 ? {} : { unverifiedTls: [...servers] };
}

function outcomeOf(records: readonly JournalRecord[]): Report['outcome'] {
  const last = records.findLast(
    record =>
      record.type === 'completed' ||
      record.type === 'run-failed' ||
      record.type === 'run-started' ||
      record.type === 'run-finished',
  );
  const past = recall(records);
  if (past.completed) return 'completed';
  if (last?.type === 'run-failed') return isRefusal(last.fault) ? 'refused' : 'failed';
  // A hard restart in WinPE ends a run of deploy, too: the next one goes on.
  const goesOn = past.restartPending === 'hard';
  if (last?.type === 'run-finished' && last.command === 'deploy') return goesOn ? 'running' : 'handed-over';
  return 'running';
}

function isRefusal(fault: FaultRecord): boolean {
  return fault.code.startsWith('TRUST') || fault.code.startsWith('USAGE');
}

// The first plan of a deployment tells how the disk was found; what each run then fetched adds up over the runs.
function reportItems(plans: readonly Plan[], records: readonly JournalRecord[]): ReportItem[] {
  const first = plans[0];
  const last = plans.at(-1);
  if (first === undefined || last === undefined) return [];
  return last.items.map(item => {
    const found = first.items.find(candidate => candidate.reference.id === item.reference.id) ?? item;
    const acquired = acquisitionsOf(item.reference.id, records);
    const results = acquired.map(({ result }) => result);
    const reusedBytes = sum(results.map(result => result.reusedBytes ?? 0));
    const fetchedBytes = sum(results.map(result => result.fetchedBytes ?? 0));
    return {
      id: item.reference.id,
      name: item.reference.name,
      type: item.reference.type,
      version: item.reference.version,
      ...(found.cachedVersion === undefined || found.cachedVersion === item.reference.version
        ? {}
        : { cachedVersion: found.cachedVersion }),
      outcome: found.outcome,
      totalBytes: item.reference.totalBytes,
      presentBytes:
        presentBefore(item, acquired) ?? Math.max(0, item.reference.totalBytes - reusedBytes - fetchedBytes),
      reusedBytes,
      fetchedBytes,
      bySource: addUp(results),
    };
  });
}

interface Acquisition {
  /** Of the version that the plan wanted then. */
  readonly digest: string | undefined;
  readonly result: ActionResult;
}

function acquisitionsOf(id: string, records: readonly JournalRecord[]): readonly Acquisition[] {
  const found: Acquisition[] = [];
  let digest: string | undefined;
  for (const record of records) {
    if (record.type === 'plan')
      digest = record.plan.items.find(({ reference }) => reference.id === id)?.reference.digest;
    else if (record.type === 'action-finished' && record.action === `acquire-content:${id}`)
      found.push({ digest, result: record.result });
  }
  return found;
}

/**
 * What lay there before this version was acquired; not what is left of its size, since fetched bytes count as they came, compressed or in vain.
 * @returns undefined where the journal does not say.
 */
function presentBefore(
  { reference, presentBytes }: Plan['items'][number],
  acquired: readonly Acquisition[],
): number | undefined {
  if (acquired.length === 0) return presentBytes;
  return acquired.find(({ digest }) => digest === reference.digest)?.result.presentBytes;
}

function addUp(results: readonly ActionResult[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const result of results) {
    for (const [source, bytes] of Object.entries(result.bySource ?? {}))
      total[source] = (total[source] ?? 0) + bytes;
  }
  return total;
}

// It takes the journal itself away, so nothing can be written behind it: the last report is made when it has begun and all else is done.
const LAST_ACTION = 'retire-media';

function reportActions(plan: Plan | undefined, records: readonly JournalRecord[]): ReportAction[] {
  const past = recall(records);
  const titles = new Map((plan?.actions ?? []).map(each => [actionKey(each), each.control?.title]));
  const planned = [...titles.keys()];
  const earlier = recordsOf(records, 'action-started').map(record => record.action);
  // In the plan's order, behind what an earlier plan alone had to do.
  const keys = new Set([...earlier.filter(action => !planned.includes(action)), ...planned]);
  return [...keys].map(action => {
    const result = past.finished.get(action);
    const ended = [...recordsOf(records, 'action-finished'), ...recordsOf(records, 'action-failed')];
    return {
      action,
      ...titled(titles.get(action)),
      state:
        result !== undefined || (past.completed && action === LAST_ACTION)
          ? stateOf(result)
          : !past.open.has(action)
            ? 'waiting'
            : past.failed.has(action)
              ? 'failed'
              : 'cut',
      seconds: sum(ended.filter(record => record.action === action).map(({ seconds = 0 }) => seconds)),
      starts: recordsOf(records, 'action-started').filter(record => record.action === action).length,
      ...(result === undefined ? { ...faultOf(action, past, records) } : { result }),
    };
  });
}

/** What its last attempt failed with, while it is open. */
function faultOf(
  action: string,
  past: Past,
  records: readonly JournalRecord[],
): Pick<ReportAction, 'fault'> | undefined {
  if (!past.open.has(action) || !past.failed.has(action)) return undefined;
  const last = recordsOf(records, 'action-failed').findLast(record => record.action === action);
  return last === undefined ? undefined : { fault: pick(last.fault, ['code', 'title', 'subject']) };
}

function stateOf(result: ActionResult | undefined): ReportAction['state'] {
  if (result?.skipped !== undefined) return 'skipped';
  return result?.failed === undefined ? 'finished' : 'failed';
}

function titled(title: string | undefined): Pick<ReportAction, 'title'> {
  return title === undefined ? {} : { title };
}

function stageSeconds(records: readonly JournalRecord[]): Record<string, number> {
  const seconds: Record<string, number> = {};
  for (const record of recordsOf(records, 'stage-finished'))
    seconds[record.stage] = (seconds[record.stage] ?? 0) + record.seconds;
  for (const record of recordsOf(records, 'action-finished')) {
    const stage = record.action.split(':')[0] as string;
    seconds[stage] = (seconds[stage] ?? 0) + record.seconds;
  }
  return Object.fromEntries(
    Object.entries(seconds).map(([stage, value]) => [stage, Math.round(value * 1000) / 1000]),
  );
}

function countOutcomes(items: readonly ReportItem[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { present: 0, changed: 0, damaged: 0, missing: 0 };
  for (const item of items) counts[item.outcome]++;
  return counts;
}

function recordsOf<T extends JournalRecord['type']>(
  records: readonly JournalRecord[],
  type: T,
): Extract<JournalRecord, { readonly type: T }>[] {
  return records.filter(
    (record): record is Extract<JournalRecord, { readonly type: T }> => record.type === type,
  );
}

function pick<T extends object, K extends keyof T>(value: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map(key => [key, value[key]])) as Pick<T, K>;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
