// What is wrong with the conditions of a task sequence: variables that nothing sets, and comparisons that cannot come out.

import { nearestName } from '../document/nearest-name.ts';
import type { FlatStep } from '../plan/flatten-steps.ts';
import { BUILT_IN_VARIABLES } from '../policy/built-in-variables.ts';
import { compareNumbers } from '../policy/compare-values.ts';
import type { Condition } from '../policy/condition.ts';
import {
  type ConditionPart,
  conditionParts,
  type Path,
  variablesSetWhen,
} from '../policy/condition-parts.ts';
import { comparisonsOf } from '../policy/explain-condition.ts';
import type { TaskSequence } from '../policy/policy.ts';
import { isGroup, isKnownStep, type SequenceStep } from '../policy/sequence-step.ts';
import type { Located, SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

/**
 * @param flat the steps of the task sequence in order. A comparison is no mistake where something may set its variable that nobody can see from here: a
 * command or script before it, or a prestart command of a media. To ask whether a variable is set never is one.
 */
export function conditionIssues(
  document: Located<TaskSequence>,
  flat: readonly FlatStep[],
  documents: SiteDocuments,
): SiteIssue[] {
  const set = variablesSet(document.value, flat, documents);
  const builtIn = new Set(BUILT_IN_VARIABLES.map(({ name }) => name.toLowerCase()));
  const hasPrestart = documents.media.some(({ value }) => value.prestart !== undefined);
  const teller = flat.find(each => each.off === undefined && maySetAnything(each));
  return authored(document.value.steps ?? [], ['steps'], new Set()).flatMap(({ condition, path, before }) =>
    conditionParts(condition, before).flatMap(part => {
      const place = [...path, ...part.path];
      const isOpen = hasPrestart || (teller !== undefined && standsBehind(place, teller.path));
      return [
        ...unsetVariable(part, set, builtIn, isOpen).map(text =>
          siteIssue(document, [...place, 'variable'], text, 'USAGE-05'),
        ),
        ...impossible(part).map(([field, text]) => siteIssue(document, [...place, field], text)),
      ];
    }),
  );
}

interface Authored {
  readonly condition: Condition;
  readonly path: Path;
  /** Variables that are set whenever it is asked. */
  readonly before: ReadonlySet<string>;
}

/** Every condition of steps and groups, once, where its author wrote it. */
function authored(
  steps: readonly SequenceStep[],
  path: Path,
  before: ReadonlySet<string>,
): readonly Authored[] {
  return steps.flatMap((step, index): readonly Authored[] => {
    const at = [...path, index];
    const condition = isGroup(step) || isKnownStep(step) ? step.when : undefined;
    const own = condition === undefined ? [] : [{ condition, path: [...at, 'when'], before }];
    if (!isGroup(step)) return own;
    const inside = new Set([...before, ...(condition === undefined ? [] : variablesSetWhen(condition))]);
    return [...own, ...authored(step.steps, [...at, 'steps'], inside)];
  });
}

function variablesSet(
  sequence: TaskSequence,
  flat: readonly FlatStep[],
  { site, collections, machines, media }: SiteDocuments,
): ReadonlySet<string> {
  const records: readonly Readonly<Record<string, string>>[] = [
    site?.value.variables ?? {},
    sequence.variables,
    ...(collections?.value ?? []).map(each => each.variables),
    ...(machines?.value ?? []).flatMap(each => [each.variables, each.secret]),
    ...media.map(({ value }) => value.variables),
  ];
  const steps = flat.flatMap(({ step, off }) =>
    off === undefined && isKnownStep(step) && step.step === 'set-variable' ? [step.variable] : [],
  );
  return new Set(
    [...records.flatMap(values => Object.keys(values)), ...steps].map(name => name.toLowerCase()),
  );
}

function maySetAnything({ step }: FlatStep): boolean {
  return step.step === 'run-command' || step.step === 'run-powershell';
}

/** Paths of steps compare index by index; a condition of the step itself, or of a group around it, stands before what it runs. */
function standsBehind(place: Path, step: Path): boolean {
  for (const [at, index] of step.entries()) {
    const other = place[at];
    if (typeof index === 'number' && typeof other === 'number' && index !== other) return other > index;
    if (index !== other) return false;
  }
  return false;
}

function unsetVariable(
  { question, guarded }: ConditionPart,
  set: ReadonlySet<string>,
  builtIn: ReadonlySet<string>,
  isOpen: boolean,
): readonly string[] {
  if (!('variable' in question) || question.exists !== undefined || comparisonsOf(question).length === 0)
    return [];
  const name = question.variable.toLowerCase();
  if (builtIn.has(name) || guarded.has(name)) return [];
  const { variable } = question;
  if (name.startsWith('_')) return [`${variable} is none of the variables that a run sets`];
  if (set.has(name) || isOpen) return [];
  // Names have no case, so the nearest one is told as it is compared.
  const nearest = nearestName(name, [...set]);
  const hint = nearest === undefined ? '' : `; ${nearest} is the nearest`;
  return [`no variable ${variable} is set anywhere${hint}`];
}

function impossible({ question }: ConditionPart): readonly (readonly [string, string])[] {
  const comparisons = 'folder' in question || 'file' in question ? [] : comparisonsOf(question);
  const version = 'file' in question ? question.version : undefined;
  const compares = version !== undefined || comparisons.length > 0;
  return [
    ...(question.exists === false && compares
      ? [['exists', 'what is absent compares with nothing: leave out exists or the comparison'] as const]
      : []),
    ...comparisons.flatMap(([operator, text]) =>
      ['equals', 'notEquals', 'like'].includes(operator) || isNumber(text)
        ? []
        : [[operator, `expected a number or a version such as 10.0.26100, found ${text}`] as const],
    ),
    ...(version === undefined || isNumber(version)
      ? []
      : [['version', `expected a version such as 10.0.26100, found ${version}`] as const]),
  ];
}

/** A variable in it is known on the machine only. */
function isNumber(text: string): boolean {
  return text.includes('%') || compareNumbers(text, '0') !== undefined;
}
