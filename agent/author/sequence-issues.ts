// What is wrong with the steps of a task sequence, beyond their schema: types that do not exist, an order that cannot be carried out, and
// conditions that can never be decided as their author meant.

import { nearestName } from '../document/nearest-name.ts';
import { type FlatStep, flattenSteps } from '../plan/flatten-steps.ts';
import { placeSteps } from '../plan/place-steps.ts';
import { isKnownStep, stepSchemas } from '../policy/sequence-step.ts';
import { conditionIssues } from './condition-issues.ts';
import type { SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

/** @returns every mistake, with file, line and column. */
export function sequenceIssues(documents: SiteDocuments): SiteIssue[] {
  return documents.taskSequences.flatMap(document => {
    const { steps } = document.value;
    if (steps === undefined) return [];
    const flat = flattenSteps(steps);
    return [
      ...flat.flatMap(each =>
        unknownType(each).map(text => siteIssue(document, [...each.path, 'step'], text)),
      ),
      ...placeSteps(flat).misplaced.map(({ path, label, text }) =>
        siteIssue(document, path, `${label} ${text}`),
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
