// Answers what can be answered before the machine is changed: the variables and facts that will still be the same when a step's turn comes, in
// WinPE and in the new Windows. All else is unknown, and left to the engine. Pure.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { BUILT_IN_VARIABLES } from '../policy/built-in-variables.ts';
import {
  type Answer,
  answerOfFact,
  type MachineFactName,
  type Question,
} from '../policy/evaluate-condition.ts';
import type { NamedCollection } from '../policy/policy.ts';
import type { Variables } from '../policy/variables.ts';

// Addresses come and go with docks and networks, a battery runs empty, and WinPE counts memory otherwise than Windows does.
const CHANGING_FACTS: ReadonlySet<MachineFactName> = new Set<MachineFactName>([
  'macAddress',
  'ipAddress',
  'memoryMB',
  'power',
]);

export interface Known {
  readonly facts: MachineFacts;
  /** The levels below `step`. */
  readonly variables: Variables;
  readonly collections: readonly NamedCollection[];
  /** Names of variables whose values are not kept for the new Windows: secret answers of the prestart command. */
  readonly forgotten?: readonly string[];
}

export interface PlanningAsk {
  readonly ask: (question: Question) => Answer;
  /** From here on `name` may be set to something else on the machine; any name when left out. */
  mayChange(name?: string): void;
}

export function askWhilePlanning({ facts, variables, collections, forgotten = [] }: Known): PlanningAsk {
  const changing = new Set(
    [
      ...BUILT_IN_VARIABLES.filter(each => 'changes' in each).map(each => each.name),
      ...forgotten,
      ...collections.filter(isLoose).flatMap(each => Object.keys(each.variables)),
    ].map(name => name.toLowerCase()),
  );
  const builtIn = new Set(BUILT_IN_VARIABLES.map(each => each.name.toLowerCase()));
  let anything = false;
  return {
    mayChange(name) {
      if (name === undefined) anything = true;
      else changing.add(name.toLowerCase());
    },
    ask(question) {
      if (question.kind === 'machine')
        return CHANGING_FACTS.has(question.fact) ? 'unknown' : answerOfFact(facts, question.fact);
      if (question.kind !== 'variable') return 'unknown';
      const name = question.name.toLowerCase();
      if (changing.has(name) || (anything && !builtIn.has(name))) return 'unknown';
      const found = variables.all.find(each => each.name.toLowerCase() === name);
      if (found === undefined) return builtIn.has(name) ? 'unknown' : undefined;
      // Nobody signed what the prestart command answered, and a secret does not belong into a plan's reasons.
      return found.secret || found.level === 'prestart' ? 'unknown' : { values: [found.value] };
    },
  };
}

/** A machine may be in it in WinPE and not in the new Windows. */
function isLoose({ rule }: NamedCollection): boolean {
  return typeof rule === 'object' && (rule.subnets !== undefined || rule.macs !== undefined);
}
