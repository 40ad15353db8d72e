// Every single question of a condition, with its place: what can be said of a condition before any machine answers it. Pure.
import type { Condition } from './condition.ts';

export type Path = readonly (string | number)[];

export type Question = Exclude<Condition, { all: unknown } | { any: unknown } | { not: unknown }>;

export interface ConditionPart {
  readonly question: Question;
  /** From where the condition stands. */
  readonly path: Path;
  /** Variables, in lower case, that are known to be set whenever this part is asked: an earlier part of an `all` or `any` asks for them. */
  readonly guarded: ReadonlySet<string>;
}

/** @param guarded variables, in lower case, that are set whenever `condition` is asked: conditions of groups around it ask for them. */
export function conditionParts(
  condition: Condition,
  guarded: ReadonlySet<string> = new Set(),
): readonly ConditionPart[] {
  return parts(condition, [], guarded);
}

/** @returns the variables, in lower case, that are set when `condition` holds (or, with `otherwise`, when it does not). */
export function variablesSetWhen(condition: Condition, otherwise = false): readonly string[] {
  if ('not' in condition) return variablesSetWhen(condition.not, !otherwise);
  const several = 'all' in condition ? condition.all : 'any' in condition ? condition.any : undefined;
  if (several !== undefined) {
    const isEach = 'all' in condition ? !otherwise : otherwise;
    return isEach || several.length === 1 ? several.flatMap(each => variablesSetWhen(each, otherwise)) : [];
  }
  if (!('variable' in condition)) return [];
  const { variable, exists, ...comparisons } = condition;
  const isBare = Object.values(comparisons).every(text => text === undefined);
  const isSet = otherwise ? exists === false && isBare : exists === true || (isBare && exists === undefined);
  return isSet ? [variable.toLowerCase()] : [];
}

function parts(condition: Condition, path: Path, guarded: ReadonlySet<string>): readonly ConditionPart[] {
  if ('all' in condition) return several(condition.all, [...path, 'all'], guarded, false);
  if ('any' in condition) return several(condition.any, [...path, 'any'], guarded, true);
  if ('not' in condition) return parts(condition.not, [...path, 'not'], guarded);
  return [{ question: condition, path, guarded }];
}

/** The next of an `all` is asked when the ones before hold, the next of an `any` when they do not. */
function several(
  conditions: readonly Condition[],
  path: Path,
  guarded: ReadonlySet<string>,
  otherwise: boolean,
): readonly ConditionPart[] {
  const known = new Set(guarded);
  return conditions.flatMap((each, at) => {
    const found = parts(each, [...path, at], new Set(known));
    for (const name of variablesSetWhen(each, otherwise)) known.add(name);
    return found;
  });
}
