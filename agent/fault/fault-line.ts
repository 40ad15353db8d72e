// A fault in one line, for logs and lists: what its message leaves out is often what tells the person what to do (a status, the account that is missing).
import type { Detail, Fault } from './fault.ts';

/** Facts that say what is wrong, in this order; the others are for the last screen. */
const TOLD = ['status', 'found', 'expected', 'proxy', 'redirectedTo', 'contentType', 'native'] as const;

/**
 * Nothing in it is cut or exchanged: whoever prints it takes secrets out, and finds them only as they are.
 * @returns the message, and behind it in brackets the facts: `NET-03 Access refused: http://dp/x (status 403; expected an account that may read)`.
 */
export function faultLine({ message, detail }: Pick<Fault, 'message' | 'detail'>): string {
  const facts = TOLD.flatMap(name => wordsFor(name, detail[name]));
  return facts.length === 0 ? message : `${message} (${facts.join('; ')})`;
}

function wordsFor(name: (typeof TOLD)[number], value: Detail[string]): readonly string[] {
  if (value === undefined || Array.isArray(value)) return [];
  if (name === 'native') return [String(value)];
  return [`${name === 'redirectedTo' ? 'redirected to' : name === 'contentType' ? 'type' : name} ${value}`];
}
