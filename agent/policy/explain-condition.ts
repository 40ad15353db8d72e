// A condition in words, for the plan, the report and the reason why a step was skipped. Pure.
import { OPERATORS, type Operator } from './compare-values.ts';
import type { Comparison, Condition } from './condition.ts';

const WORDS: Readonly<Record<Operator, string>> = {
  equals: 'equals',
  notEquals: 'does not equal',
  like: 'like',
  less: 'is less than',
  lessOrEqual: 'is at most',
  greater: 'is greater than',
  greaterOrEqual: 'is at least',
};

/** @returns `OSDComputerName equals PC1 and model like Book*`. */
export function explainCondition(condition: Condition): string {
  if ('all' in condition) return joined(condition.all, 'and');
  if ('any' in condition) return joined(condition.any, 'or');
  if ('not' in condition) return `not (${explainCondition(condition.not)})`;
  if ('file' in condition) {
    const { file, exists, version } = condition;
    return saying(
      `file ${quoted(file)}`,
      exists,
      version === undefined ? [] : [`has version ${version} or later`],
      ['exists', 'is absent'],
    );
  }
  if ('folder' in condition)
    return saying(`folder ${quoted(condition.folder)}`, condition.exists, [], ['exists', 'is absent']);
  const comparisons = comparisonsOf(condition).map(
    ([operator, text]) => `${WORDS[operator]} ${quoted(text)}`,
  );
  if ('variable' in condition)
    return saying(condition.variable, condition.exists, comparisons, ['is set', 'is not set']);
  if ('machine' in condition)
    return saying(condition.machine, condition.exists, comparisons, ['is known', 'is not known']);
  const { registryKey, value, exists } = condition;
  const subject = `registry ${quoted(registryKey)}${value === undefined ? '' : ` value ${quoted(value)}`}`;
  return saying(subject, exists, comparisons, ['exists', 'is absent']);
}

/** @returns the comparisons that a condition makes, in a fixed order. */
export function comparisonsOf(condition: Comparison): readonly (readonly [Operator, string])[] {
  return OPERATORS.flatMap(operator => {
    const text = condition[operator];
    return text === undefined ? [] : [[operator, text] as const];
  });
}

function joined(conditions: readonly Condition[], word: 'and' | 'or'): string {
  const [only] = conditions;
  if (conditions.length === 1 && only !== undefined) return explainCondition(only);
  const other = word === 'and' ? 'any' : 'all';
  return conditions
    .map(condition => {
      const text = explainCondition(condition);
      return other in condition ? `(${text})` : text;
    })
    .join(` ${word} `);
}

function saying(
  subject: string,
  exists: boolean | undefined,
  comparisons: readonly string[],
  [there, absent]: readonly [string, string],
): string {
  const said = [...(exists === undefined ? [] : [exists ? there : absent]), ...comparisons];
  return `${subject} ${(said.length === 0 ? [there] : said).join(' and ')}`;
}

/** Text with blanks, and no text at all, would run into the words around it. */
function quoted(text: string): string {
  return text === '' || /\s/.test(text) ? `"${text}"` : text;
}
