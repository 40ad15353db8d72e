// Every command line in README, docs, launcher files, the catalogue and the commands' own help is one that the program takes.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { catalogue } from '../../agent/fault/catalogue.ts';
import { buildProgram } from '../../agent/program.ts';
import { mistakeIn } from './examples.ts';
import { ROOT } from './sources.ts';

const help: string[] = [];
const program = await buildProgram({
  compose: () => Promise.reject(new Error('nothing runs here')),
  print: text => void help.push(text),
  printError: text => void help.push(text),
  exit: () => {},
});

const mistakes = (lines: readonly string[]): string[] =>
  lines.flatMap(line => {
    const mistake = mistakeIn(program, line);
    return mistake === undefined ? [] : [`${line}: ${mistake}`];
  });

/** Lines of code blocks that begin with the program's name, and code spans of it. */
function examplesIn(markdown: string): string[] {
  const inBlocks = [...markdown.matchAll(/^(?:\$ |\.\/)?(prestage [^\n]*)$/gm)].map(match => match[1]!);
  const inSpans = [...markdown.matchAll(/`(prestage [^`\n]+)`/g)].map(match => match[1]!);
  return [...inBlocks, ...inSpans].map(line => line.replace(/\bCODE\b|\bX$/, 'NET-01'));
}

test.each([
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
])('the examples of %s are commands that exist', file => {
  expect(mistakes(examplesIn(readFileSync(path.join(ROOT, file), 'utf8')))).toEqual([]);
});

test('what the faults advise can be typed', () => {
  const advice = Object.values(catalogue).flatMap(entry => examplesIn(`${entry.meaning}\n${entry.next}`));
  expect(advice.length).toBeGreaterThan(5);
  expect(mistakes(advice)).toEqual([]);
});

test('the launcher files call commands that exist', () => {
  const text = readFileSync(path.join(ROOT, 'winpe/launch.cmd'), 'utf8');
  const calls = [
    ...text.matchAll(
      /prestage\.exe" (\w+)|^echo {3}(prestage (?:check|plan|report|explain NET-01|deploy)\b)/gm,
    ),
  ].map(match => match[2] ?? `prestage ${match[1]}`);
  expect(calls.length).toBeGreaterThan(1);
  expect(mistakes(calls)).toEqual([]);
});

test('every command shows examples in its help, and they are commands that exist', () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  for (const command of leaves(program)) {
    help.length = 0;
    command.configureOutput({ writeOut: text => void help.push(text) });
    command.outputHelp();
    const examples = help
      .join('')
      .split('\n')
      .map(line => line.trim())
      .filter(line => line.startsWith('prestage '));
    expect(examples, command.name()).not.toEqual([]);
    expect(mistakes(examples), command.name()).toEqual([]);
  }
});
