// The plan's actions in their order: where each runs, what its author calls it, on what condition, and why it is skipped.
import { wantedWords } from '../plan/choose-disk.ts';
import { type Action, type Plan, phaseOf } from '../plan/plan.ts';
import { explainCondition } from '../policy/explain-condition.ts';
import { type Column, tableLines } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Step', right: true },
  { title: 'In' },
  { title: 'Action' },
  { title: 'Name' },
  { title: 'What' },
  { title: 'Condition' },
];

const LONGEST_WHAT = 60;

/** A column that no action needs is left out. Text is as authored: variables are not expanded, so no secret can be in it. */
export function planStepLines({ actions }: Pick<Plan, 'actions'>): string[] {
  const rows = actions.map((action, at) => [
    String(at + 1),
    phaseOf(action) === 'winpe' ? 'WinPE' : 'full OS',
    'id' in action ? `${action.name}:${action.id}` : action.name,
    action.control?.title ?? '',
    shortened(whatOf(action)),
    remarkOf(action),
  ]);
  const needed = COLUMNS.map((_, at) => rows.some(row => row[at] !== ''));
  const kept = <T>(cells: readonly T[]): readonly T[] => cells.filter((_, at) => needed[at]);
  return tableLines(kept(COLUMNS), rows.map(kept));
}

function whatOf(action: Action): string {
  switch (action.name) {
    case 'run-command':
      return action.command;
    case 'run-powershell':
      return action.file ?? action.script ?? '';
    case 'set-variable':
      return `${action.variable} = ${action.value}`;
    case 'partition-disk':
      return wantedWords(action.disk);
    case 'restart':
    case 'copy-logs':
      return `to ${action.to}`;
    case 'send-status':
      return action.message;
    default:
      return '';
  }
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_WHAT ? `${line.slice(0, LONGEST_WHAT - 3)}...` : line;
}

function remarkOf({ control = {} }: Action): string {
  const { skip, when = [], continueOnError } = control;
  if (skip !== undefined) return `skipped: ${skip}`;
  return [
    ...(when.length === 0 ? [] : [`if ${explainCondition({ all: when })}`]),
    ...(continueOnError === true ? ['goes on when it fails'] : []),
  ].join('; ');
}
