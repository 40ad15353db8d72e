// One mistake in a document, in words for the person who wrote it, made from what the schema library reports.
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A mistake before it has a place in a file: where in the value, what is wrong, and whether it is about a key rather than its value. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly text: string;
  /** Completes the sentence: what stands there as written, a count, or nothing when `text` says it all. */
  readonly found: 'as-written' | 'not-told' | { readonly count: number };
  readonly about: 'value' | 'key' | 'absent';
}

/** @returns every mistake behind one schema issue: unknown keys one by one, a union by the alternative that came closest. */
export function mistakesOf(issue: Issue, value: unknown, base: readonly PropertyKey[] = []): Mistake[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      path: [...path, key],
      text: 'unknown key',
      found: 'not-told',
      about: 'key',
    }));
  }
  const at = valueAt(value, path);
  if (issue.code === 'invalid_union' && at !== undefined) {
    const closest = closestAlternative(issue, at);
    if (closest !== undefined) return closest.flatMap(inner => mistakesOf(inner, value, path));
  }
  if (at === undefined && issue.code !== 'custom')
    return [{ path, text: 'required, but absent', found: 'not-told', about: 'absent' }];
  if (issue.code === 'custom') return [{ path, text: issue.message, found: 'not-told', about: 'value' }];
  return [
    {
      path,
      text: `expected ${expectation(issue)}${quotesHint(issue, at)}`,
      found: isSecret(path) ? 'not-told' : countOf(issue, at),
      about: 'value',
    },
  ];
}

/** @returns `distributionPoints[0].url`; empty for the document itself. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

/** @returns what lies at `path`, undefined when nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = Reflect.get(at, part);
  }
  return at;
}

/**
 * The alternative that the author most likely meant: the one that knows most of the keys that stand there, and of these the one with the fewest
 * mistakes. undefined when none goes deeper than the value itself, or when none knows any of its keys and the union says better what it expects.
 */
function closestAlternative(
  union: Extract<Issue, { readonly code: 'invalid_union' }>,
  value: unknown,
): readonly Issue[] | undefined {
  const alternatives: readonly (readonly Issue[])[] = union.errors;
  const structural = alternatives.filter(
    issues =>
      issues.some(issue => issue.path.length > 0 || issue.code === 'unrecognized_keys') &&
      !issues.some(isOtherKind),
  );
  const candidates = structural.length > 0 ? structural : alternatives.length === 1 ? alternatives : [];
  const best = candidates.toSorted((a, b) => strangers(a) - strangers(b) || a.length - b.length)[0];
  const keys = typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
  const isStrange = best !== undefined && keys > 0 && strangers(best) === keys;
  return isStrange && own(union) !== undefined ? undefined : best;
}

/** Keys of the value itself that an alternative does not know. */
function strangers(issues: readonly Issue[]): number {
  return issues.reduce(
    (sum, issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? sum + issue.keys.length : sum,
    0,
  );
}

/** A union of kinds whose key of the kind says another one, or is not there at all. */
function isOtherKind(issue: Issue): boolean {
  return issue.code === 'invalid_union' && 'discriminator' in issue && issue.errors.length === 0;
}

/** What should have been there, as a noun phrase. Schemas give their own phrase as the message of a pattern or a union. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return own(issue) ?? TYPE_WORDS[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'invalid_format':
      return own(issue) ?? FORMAT_WORDS[issue.format] ?? `text of the form ${issue.format}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? literal(issue.values[0])
        : `one of ${issue.values.map(literal).join(', ')}`;
    case 'too_small':
      return (
        own(issue) ??
        `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${countWord(issue.origin, issue.minimum)}`
      );
    case 'too_big':
      return (
        own(issue) ??
        `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${countWord(issue.origin, issue.maximum)}`
      );
    case 'invalid_union':
      return own(issue) ?? 'another form';
    default:
      return own(issue) ?? issue.message;
  }
}

/** The schema's own phrase, if it gave one: the library's begin with "Invalid" or "Too". */
function own(issue: Issue): string | undefined {
  return /^(Invalid|Too) /.test(issue.message) ? undefined : issue.message;
}

/** What stands under these names is never shown, also where it is wrong: a password of digits that lacks its quotes. */
function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some(
    (part, at) =>
      part === 'password' ||
      part === 'token' ||
      part === 'passphrases' ||
      (part === 'secret' && typeof path[at + 1] === 'string'),
  );
}

/** Too few or too many entries: their number says more than the list. */
function countOf(issue: Issue, found: unknown): Mistake['found'] {
  const counts = issue.code === 'too_small' || issue.code === 'too_big';
  return counts && Array.isArray(found) ? { count: found.length } : 'as-written';
}

/** YAML reads `version: 1.10` as the number 1.1; say how to keep the text. */
function quotesHint(issue: Issue, found: unknown): string {
  const wantsText = issue.code === 'invalid_type' && issue.expected === 'string' && own(issue) === undefined;
  return wantsText && (typeof found === 'number' || typeof found === 'boolean')
    ? ' (write it in quotes)'
    : '';
}

function literal(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}

function countWord(origin: string, count: number | bigint): string {
  const one = Number(count) === 1;
  if (origin === 'string') return one ? ' character' : ' characters';
  if (!['array', 'set', 'record', 'map'].includes(origin)) return '';
  return one ? ' entry' : ' entries';
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping of keys',
  record: 'a mapping of keys',
  array: 'a list',
  undefined: 'nothing',
  null: 'nothing',
};

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  url: 'a URL',
  uuid: 'a UUID',
  datetime: 'a time such as 2026-01-31T08:00:00Z',
  date: 'a date such as 2026-01-31',
};
