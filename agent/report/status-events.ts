// Status events: what the journal says, as the management point is told it, one event a record, in the journal's order. Pure.
import { createHash } from 'node:crypto';
import type { Redact } from '../fault/redact.ts';
import type { JournalRecord } from '../journal/record.ts';
import { planBytes } from '../plan/plan.ts';

/** What is posted: some events of one run, oldest first. `run` and an event's `n` together name it for ever; a receiver takes each once. */
export interface StatusDocument {
  readonly format: 'prestage-status/1';
  /** Names the deployment, over restarts: 32 hex digits. */
  readonly run: string;
  readonly media: { readonly mediaId: string; readonly name: string; readonly site: string };
  readonly machine: {
    readonly serial?: string | undefined;
    readonly uuid?: string | undefined;
    readonly manufacturer?: string | undefined;
    readonly model?: string | undefined;
  };
  readonly events: readonly StatusEvent[];
}

export interface StatusEvent {
  /** Number of the journal's record, from 0. */
  readonly n: number;
  /** The machine's clock when it happened, ISO 8601. */
  readonly at: string;
  readonly type: JournalRecord['type'];
  readonly [field: string]: unknown;
}

/**
 * @returns the name of the deployment that a journal tells of; undefined while the journal is empty. It goes by the first record alone, so that what is
 * sent before the computer has said what it is belongs to the same deployment as what comes after.
 */
export function statusRun(records: readonly JournalRecord[], mediaId: string): string | undefined {
  const [first] = records;
  if (first === undefined) return undefined;
  const lot = first.type === 'run-started' ? first.lot : undefined;
  return createHash('sha256')
    .update(JSON.stringify([mediaId, first.at, first.type, lot]))
    .digest('hex')
    .slice(0, 32);
}

/** An event that would be longer tells only what it is; the journal has the rest. */
const EVENT_MAX_BYTES = 64 * 1024;

/** Of a rotten OS image there may be tens of thousands. */
const BAD_RANGES_TOLD = 16;

/** @returns the event of a record, without secrets: of variables the names only, of the plan its sums. At most 64 KiB as JSON. */
export function statusEvent(record: JournalRecord, redact: Redact): StatusEvent {
  const text = redact(JSON.stringify(summaryOf(record)));
  const bytes = Buffer.byteLength(text);
  if (bytes <= EVENT_MAX_BYTES) return JSON.parse(text);
  const { n, at, type } = record;
  return { n, at, type, leftOutBytes: bytes };
}

function summaryOf(record: JournalRecord): StatusEvent {
  const { n, at, type } = record;
  switch (record.type) {
    case 'variables-set':
      return { n, at, type, by: record.by, names: Object.keys(record.values) };
    case 'plan': {
      const { plan } = record;
      return {
        n,
        at,
        type,
        deployment: plan.deployment,
        taskSequence: plan.taskSequence.id,
        policySerial: plan.policy.serial,
        actions: plan.actions.length,
        items: plan.items.map(({ reference, outcome }) => ({
          id: reference.id,
          version: reference.version,
          outcome,
        })),
        bytes: planBytes(plan),
      };
    }
    case 'image-validated':
      return { ...record, bad: record.bad.slice(0, BAD_RANGES_TOLD), badRanges: record.bad.length };
    default:
      return { ...record };
  }
}
