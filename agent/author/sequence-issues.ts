// What is wrong with the steps of a task sequence, beyond their schema: types that do not exist, an order that cannot be carried out, variables that
// nobody may set, and conditions that can never be decided as their author meant.
import { type FlatStep, flattenSteps } from '../plan/flatten-steps.ts';
import { placeSteps } from '../plan/place-steps.ts';
import { isReadOnly } from '../policy/built-in-variables.ts';
import { isKnownStep, stepSchemas } from '../policy/sequence-step.ts';
import { conditionIssues } from './condition-issues.ts';
import { nearestName } from './nearest-name.ts';
import type { SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

/** @returns every mistake, with file, line and column. */
export function sequenceIssues(documents: SiteDocuments): SiteIssue[] {
  return documents.taskSequences.flatMap(document => {
    const { variables, steps } = document.value;
    const readOnly = Object.keys(variables)
      .filter(isReadOnly)
      .map(name =>
        siteIssue(document, ['variables', name], `${name} is read-only: only a run itself sets it`),
      );
    if (steps === undefined) return readOnly;
    const flat = flattenSteps(steps);
    return [
      ...readOnly,
      ...flat.flatMap(each =>
        unknownType(each).map(text => siteIssue(document, [...each.path, 'step'], text)),
      ),
      ...placeSteps(flat).misplaced.map(({ path, label, text }) =>
        siteIssue(document, path, `${label} ${text}`),
      ),
      ...flat.flatMap(each =>
        isKnownStep(each.step) && each.step.step === 'set-variable' && isReadOnly(each.step.variable)
          ? [
              siteIssue(
                document,
                [...each.path, 'variable'],
                `${each.step.variable} is read-only: only a run itself sets it`,
              ),
            ]
          : [],
      ),
      ...conditionIssues(document, flat, documents),
    ];
  });
}

/** A newer agent may know it, but whoever publishes has this one. */
function unknownType({ step }: FlatStep): readonly string[] {
  if (isKnownStep(step)) return [];
  const nearest = nearestName(step.step, Object.keys(stepSchemas));
  return [`no step has the type ${step.step}${nearest === undefined ? '' : `; ${nearest} is the nearest`}`];
}
