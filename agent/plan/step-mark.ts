// Tells actions of one name apart in the journal: by what their author wrote, so that a mark stays as long as the step does, wherever it is moved.
import { createHash } from 'node:crypto';
import type { KnownStep } from '../policy/sequence-step.ts';
import type { Action, ActionName } from './plan.ts';

// Steps of these kinds stand in a sequence any number of times, with nothing else to name them by.
const MANY: ReadonlySet<ActionName> = new Set<ActionName>([
  'validate-media',
  'partition-disk',
  'run-command',
  'run-powershell',
  'set-variable',
  'restart',
  'send-status',
  'copy-logs',
]);

export interface Unmarked<T> {
  readonly action: T;
  readonly step?: KnownStep;
}

/** @returns the actions with marks where they need one; of equal ones the second has `.2` behind it. */
export function marked<T extends { readonly name: string; readonly control?: Action['control'] }>(
  actions: readonly Unmarked<T>[],
): readonly T[] {
  const uses = count(actions.map(({ action }) => keyOf(action)));
  const seen = new Map<string, number>();
  return actions.map(({ action, step }) => {
    const isAmbiguous = (MANY as ReadonlySet<string>).has(action.name) || (uses.get(keyOf(action)) ?? 0) > 1;
    if (step === undefined || !isAmbiguous) return action;
    const digest = createHash('sha256').update(canonical(step)).digest('hex').slice(0, 8);
    const turn = (seen.get(`${keyOf(action)}#${digest}`) ?? 0) + 1;
    seen.set(`${keyOf(action)}#${digest}`, turn);
    const mark = turn === 1 ? digest : `${digest}.${turn}`;
    return { ...action, control: { ...action.control, mark } };
  });
}

function keyOf(action: { readonly name: string }): string {
  return 'id' in action ? `${action.name}:${action.id}` : action.name;
}

function count(keys: readonly string[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const key of keys) uses.set(key, (uses.get(key) ?? 0) + 1);
  return uses;
}

/** JSON with keys in order and without what is undefined: the same for the same step, however it was written. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${entries.join(',')}}`;
}
