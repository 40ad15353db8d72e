// Judges a run by what a person and a machine see of it: exit code, last screen and the line of JSON behind it.
import { expect } from 'vitest';
import { harmless } from '../../agent/console/harmless.ts';
import { type Ended, printedFault } from './run-prestage.ts';

/** A piece of text, or a pattern where part of it is not known before. */
export type Words = string | RegExp;

export interface Verdict {
  readonly exitCode: number;
  readonly fault: string;
  /** The one thing that the fault is about. */
  readonly subject: Words;
  /** What the screen names besides: expected and found, places, addresses. */
  readonly says?: readonly Words[];
}

/** Fails the test unless the run ended with this fault and told all of it: code, subject, facts, what is safe, what to do next. */
export function expectRefusal(ended: Ended, { exitCode, fault, subject, says = [] }: Verdict): void {
  const screen = ended.stderr;
  expect(`${ended.code} ${firstWords(screen)}`, screen).toBe(`${exitCode} ${fault}`);
  for (const words of [subject, ...says])
    expect(screen).toEqual(
      words instanceof RegExp ? expect.stringMatching(words) : expect.stringContaining(words),
    );
  const lines = screen.split('\n').map(line => line.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Safe: \S.*\.$/),
      expect.stringMatching(/^Next: \S.*\.$/),
      `More: prestage explain ${fault}`,
    ]),
  );
  // A stack is for defects; nobody at a machine can use one.
  expect(screen).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
  const record = printedFault(ended);
  if (record === undefined) return;
  expect(record.code).toBe(fault);
  expect(record.subject).toEqual(
    subject instanceof RegExp ? expect.stringMatching(subject) : expect.stringContaining(subject),
  );
  for (const value of Object.values(record.detail).flat())
    expect(screen).toContain(harmless(String(value).split('\n')[0] ?? ''));
}

/** The code that opens the last screen; progress and notes may stand above it. */
function firstWords(screen: string): string {
  return /^([A-Z]+-\d\d) {2}\S/m.exec(screen)?.[1] ?? '(no fault)';
}
