// Decides conditions: true, false, or unknown where the answer cannot be had now. Pure: the questions are yielded, and who drives it answers
// them, at once (while planning) or in time (on the machine).
import type { MachineFacts } from '../facts/machine-facts.ts';
import { Fault } from '../fault/fault.ts';
import { compareNumbers, compareValues } from './compare-values.ts';
import type { Comparison, Condition } from './condition.ts';
import { comparisonsOf, explainCondition } from './explain-condition.ts';

export type Verdict = 'true' | 'false' | 'unknown';

export type MachineFactName = Extract<Condition, { readonly machine: unknown }>['machine'];

/** What a condition wants to know. Variables in `path`, `key` and `value` are expanded already; environment variables of Windows are not. */
export type Question =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'machine'; readonly fact: MachineFactName }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'registry'; readonly key: string; readonly value?: string };

/** What there is: the values of a variable, fact or registry value (none for a bare registry key), the version of a file. */
export interface Found {
  readonly values: readonly string[];
  /** For a path. */
  readonly kind?: 'file' | 'folder';
  /** The value must not be shown. */
  readonly secret?: boolean;
}

/** undefined: there is no such thing. `unknown`: it cannot be told here and now. */
export type Answer = Found | undefined | 'unknown';

export type Ask = (question: Question) => Answer | Promise<Answer>;

export interface Judgement {
  readonly verdict: Verdict;
  /** The part that decided, and what was found, in words: `model like Book*; found Desk 3`. Secret values are not in it. */
  readonly because: string;
}

/**
 * Asks in the order written and no more than it needs: `all` ends at the first that does not hold, `any` at the first that does.
 * Fault: CONTENT-10 for comparing a variable that nothing sets.
 */
export async function evaluate(condition: Condition, ask: Ask): Promise<Verdict> {
  return (await judge([condition], ask)).verdict;
}

/** As `evaluate`, for conditions that must all hold, with the reason. No conditions hold always. */
export async function judge(conditions: readonly Condition[], ask: Ask): Promise<Judgement> {
  const judging = judgeAll(conditions);
  let step = judging.next();
  while (step.done !== true) step = judging.next(await ask(step.value));
  return judgementOf(step.value);
}

/** As `judge`, where every answer is at hand. */
export function judgeNow(conditions: readonly Condition[], ask: (question: Question) => Answer): Judgement {
  const judging = judgeAll(conditions);
  let step = judging.next();
  while (step.done !== true) step = judging.next(ask(step.value));
  return judgementOf(step.value);
}

/** @returns a machine's own fact as an answer. */
export function answerOfFact(facts: MachineFacts, fact: MachineFactName): Answer {
  switch (fact) {
    case 'macAddress':
      return foundValues(facts.macAddresses);
    case 'ipAddress':
      return foundValues(facts.ipAddresses);
    case 'memoryMB':
      return foundValues([String(Math.floor(facts.memoryBytes / 1_048_576))]);
    case 'firmware':
    case 'power':
      return foundValues(facts[fact] === 'unknown' ? [] : [facts[fact]]);
    default:
      return foundValues([facts[fact]]);
  }
}

function foundValues(values: readonly (string | undefined)[]): Answer {
  const known = values.filter(value => value !== undefined);
  return known.length === 0 ? undefined : { values: known };
}

interface Decided {
  readonly verdict: Verdict;
  readonly condition: Condition;
  readonly found: string;
}

type Judging = Generator<Question, Decided, Answer>;

function judgementOf({ verdict, condition, found }: Decided): Judgement {
  return { verdict, because: `${explainCondition(condition)}; found ${found}` };
}

function judgeAll(conditions: readonly Condition[]): Judging {
  return judging({ all: conditions });
}

function* judging(condition: Condition): Judging {
  if ('all' in condition) return yield* several(condition, condition.all, 'false');
  if ('any' in condition) return yield* several(condition, condition.any, 'true');
  if ('not' in condition) {
    const { verdict, condition: inner, found } = yield* judging(condition.not);
    const flipped = ({ true: 'false', false: 'true', unknown: 'unknown' } as const)[verdict];
    return { verdict: flipped, condition: { not: inner }, found };
  }
  if ('file' in condition || 'folder' in condition) return yield* aboutPath(condition);
  return yield* aboutValue(condition);
}

/** `deciding` ends it: false for `all`, true for `any`. What follows an unknown may never be asked on the machine, so its faults wait as well. */
function* several(whole: Condition, parts: readonly Condition[], deciding: 'true' | 'false'): Judging {
  let unknown: Decided | undefined;
  const found: string[] = [];
  for (const part of parts) {
    const decided = yield* unknown === undefined ? judging(part) : patiently(part, unknown);
    if (decided.verdict === deciding) return decided;
    if (decided.verdict === 'unknown') unknown ??= decided;
    found.push(decided.found);
  }
  return (
    unknown ?? {
      verdict: deciding === 'true' ? 'false' : 'true',
      condition: whole,
      found: [...new Set(found)].join(', '),
    }
  );
}

function* patiently(condition: Condition, unknown: Decided): Judging {
  try {
    return yield* judging(condition);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'CONTENT-10') return unknown;
    throw thrown;
  }
}

function* aboutPath(condition: Extract<Condition, { file: string } | { folder: string }>): Judging {
  const kind = 'file' in condition ? 'file' : 'folder';
  const path = yield* expanded('file' in condition ? condition.file : condition.folder);
  const answer = path === undefined ? 'unknown' : yield { kind: 'path', path };
  if (answer === 'unknown') return cannotTell(condition);
  const there = answer?.kind === kind;
  const version = 'version' in condition ? condition.version : undefined;
  const expected = version === undefined ? undefined : yield* expanded(version);
  if (version !== undefined && expected === undefined) return cannotTell(condition);
  const holds =
    there === (condition.exists ?? true) &&
    (expected === undefined ||
      (there && answer.values.some(value => (compareNumbers(value, expected) ?? -1) >= 0)));
  const found = there ? (answer.values[0] ?? `the ${kind}`) : `no such ${kind}`;
  return { verdict: holds ? 'true' : 'false', condition, found };
}

type AboutValue = Exclude<
  Condition,
  { all: unknown } | { any: unknown } | { not: unknown } | { file: string } | { folder: string }
>;

function* aboutValue(condition: AboutValue): Judging {
  const answer = yield* askFor(condition);
  if (answer === 'unknown') return cannotTell(condition);
  const comparisons = comparisonsOf(condition);
  const { exists } = condition;
  if ('variable' in condition && answer === undefined && exists === undefined && comparisons.length > 0) {
    throw new Fault('CONTENT-10', condition.variable, {
      condition: explainCondition(condition),
      expected: 'a variable that media, policy, the prestart command or an earlier step sets',
      found: 'not set',
    });
  }
  const isThere = answer !== undefined;
  let holds = isThere === (exists ?? (comparisons.length === 0 ? true : isThere));
  for (const [operator, text] of comparisons) {
    const expected = yield* expanded(text);
    if (expected === undefined) return cannotTell(condition);
    const alike = alikeOf(condition);
    const values = (answer?.values ?? []).map(alike);
    holds &&= compareValues(values, operator, operator === 'like' ? expected : alike(expected));
  }
  const found = isThere ? shown(answer, comparisons) : 'nothing';
  return { verdict: holds ? 'true' : 'false', condition, found };
}

function* askFor(condition: AboutValue): Generator<Question, Answer, Answer> {
  if ('variable' in condition) return yield { kind: 'variable', name: condition.variable };
  if ('machine' in condition) return yield { kind: 'machine', fact: condition.machine };
  const key = yield* expanded(condition.registryKey);
  if (key === undefined) return 'unknown';
  if (condition.value === undefined) return yield { kind: 'registry', key };
  const value = yield* expanded(condition.value);
  return value === undefined ? 'unknown' : yield { kind: 'registry', key, value };
}

/** `%NAME%` by its value, as `Variables.expand` does it; undefined when one of them cannot be told now. */
function* expanded(text: string): Generator<Question, string | undefined, Answer> {
  const values = new Map<string, string>();
  for (const [whole, name = ''] of text.matchAll(/%([A-Za-z_][A-Za-z0-9_-]*)%/g)) {
    if (values.has(whole)) continue;
    const answer = yield { kind: 'variable', name };
    if (answer === 'unknown') return undefined;
    values.set(whole, answer?.values[0] ?? whole);
  }
  return text.replaceAll(/%([A-Za-z_][A-Za-z0-9_-]*)%/g, whole => values.get(whole) ?? whole);
}

/** Addresses and UUIDs are written with and without separators. */
function alikeOf(condition: AboutValue): (text: string) => string {
  if (!('machine' in condition)) return text => text;
  if (condition.machine === 'macAddress') return text => text.replaceAll(/[^0-9A-Fa-f]/g, '');
  return condition.machine === 'uuid' ? text => text.replaceAll(/[{}-]/g, '') : text => text;
}

function shown(
  { values, secret }: Found,
  comparisons: readonly (readonly [keyof Comparison, string])[],
): string {
  if (secret === true) return 'a secret value';
  if (values.length === 0) return comparisons.length === 0 ? 'it' : 'no value';
  return values.map(value => (value === '' ? 'empty text' : value)).join(', ');
}

function cannotTell(condition: Condition): Decided {
  return { verdict: 'unknown', condition, found: 'nothing that can be told here' };
}
