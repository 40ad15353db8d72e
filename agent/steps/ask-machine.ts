// Answers what a condition asks when the turn of its action comes: variables as they stand, facts, files and registry of this very machine.
import type { Phase } from '../plan/plan.ts';
import { type Ask, answerOfFact } from '../policy/evaluate-condition.ts';
import type { StepWorld } from './step-world.ts';

/** In WinPE the registry is that of WinPE and tells nothing: it is `unknown` there. Variables are read anew with every question. */
export function askMachine(
  { machine, facts, variables }: Pick<StepWorld, 'machine' | 'facts' | 'variables'>,
  phase: Phase,
): Ask {
  return async question => {
    switch (question.kind) {
      case 'variable': {
        const name = question.name.toLowerCase();
        const variable = variables.now().all.find(each => each.name.toLowerCase() === name);
        return variable === undefined ? undefined : { values: [variable.value], secret: variable.secret };
      }
      case 'machine':
        return answerOfFact(facts, question.fact);
      case 'path': {
        const found = await machine.lookAt(question.path);
        if (found === undefined) return undefined;
        return { kind: found.kind, values: found.version === undefined ? [] : [found.version] };
      }
      case 'registry': {
        if (phase === 'winpe') return 'unknown';
        const found = await machine.readRegistry(question.key, question.value);
        if (found === undefined) return undefined;
        return { values: found === true ? [] : [found] };
      }
    }
  };
}
