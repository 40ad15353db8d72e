// Plays a case of a task sequence with the real executable: deploy until the hand-over, continue until all is cleaned up, then looks at the machine.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import type { Words } from './judge.ts';
import { AT_DISK } from './play-case.ts';
import { type Ended, runPrestage } from './run-prestage.ts';
import type { Given, Outcome, SequenceCase } from './sequence-case.ts';
import type { Change, Document, Place, World } from './world.ts';

const VOLUME = 'volumes/windows';
const ANSWERS = `${VOLUME}/Windows/Panther/unattend.xml`;
const REPORT = `${VOLUME}/Windows/Logs/Prestage/report.json`;

/** @returns how the world differs from the small site's for what a case gives. */
export function changeFor({
  sequence,
  deployments,
  hardware,
  policy,
  media,
  machine,
  exitCodes,
  world = {},
}: Given): Change {
  const changesPolicy = [sequence, deployments, hardware, policy].some(given => given !== undefined);
  return {
    ...world,
    ...(changesPolicy && {
      policy: {
        fields: (published: Document) => {
          const [first] = published.deployments as Document[];
          const sequences = published.taskSequences as Document[];
          return {
            ...published,
            taskSequences: sequences.map(each => (each.id === 'CON00020' ? { ...each, ...sequence } : each)),
            ...(hardware && {
              content: (published.content as Document[]).map(each => {
                const given = hardware[each.id as string];
                return given === undefined ? each : { ...each, hardware: given };
              }),
            }),
            ...(deployments && { deployments: deployments.map(each => ({ ...first, ...each })) }),
            ...policy,
          };
        },
      },
    }),
    ...(media && { media: { fields: (made: Document) => ({ ...made, ...media }) } }),
    disk: {
      ...world.disk,
      ...(machine && { 'machine.json': JSON.stringify(machine) }),
      ...(exitCodes && { 'exit-codes.json': JSON.stringify(exitCodes) }),
    },
  };
}

/** @returns where it was played, for tests that look further. */
export async function playSequence(world: World, { given, out }: SequenceCase): Promise<Place> {
  const place = await world.lay(changeFor(given));
  const codes = out.codes ?? [3, 0];
  const deploys = out.deploys ?? 1;
  const told: string[] = [];
  for (const [start, code] of codes.entries()) {
    const command = start < deploys ? ['deploy', ...(out.deploy ?? [])] : ['continue'];
    const ended = await runPrestage([...command, ...AT_DISK], { cwd: place.folder });
    expect(ended.code, `${command[0]} ${start}: ${ended.stderr}`).toBe(code);
    told.push(screenOf(ended));
    if (start === deploys - 1) expectAnswers(place.disk, out);
  }
  expectMachine(place.disk, out, told.join('\n'));
  return place;
}

function screenOf({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`;
}

function expectAnswers(disk: string, { answers = [], noAnswers = [] }: Outcome): void {
  const text = textOf(path.join(disk, ANSWERS));
  for (const words of answers) expectWords(text, words);
  for (const words of noAnswers) expect(text).not.toMatch(words);
}

function expectMachine(disk: string, out: Outcome, screens: string): void {
  const { ran, actions = {}, recorded, files = {}, says = [], report } = out;
  const commands = textOf(path.join(disk, 'commands.ndjson'))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { kind: string; command?: string });
  const programs = commands.filter(({ kind }) => kind === 'program').map(({ command }) => command ?? '');
  if (ran !== undefined)
    expect(programs).toEqual(
      ran.map(words => (words instanceof RegExp ? expect.stringMatching(words) : words)),
    );
  if (recorded !== undefined) {
    const kinds = new Set(recorded);
    expect(commands.map(({ kind }) => kind).filter(kind => kinds.has(kind))).toEqual(recorded);
  }
  const found = reportOf(disk);
  for (const [key, state] of Object.entries(actions)) {
    const action = found?.actions.find(each => each.action.startsWith(key));
    expect(stateOf(action), `${key} of ${found?.actions.map(each => each.action).join(', ')}`).toBe(state);
  }
  if (report !== undefined) expect(found).toMatchObject(report);
  for (const [name, words] of Object.entries(files)) {
    const file = path.join(disk, name);
    if (words === 'absent') expect(existsSync(file), name).toBe(false);
    else expectWords(textOf(file), words);
  }
  for (const words of says) expectWords(screens, words);
}

function stateOf(action: Report['actions'][number] | undefined): string {
  if (action === undefined) return 'absent';
  if (action.result?.skipped !== undefined) return 'skipped';
  return action.result?.failed === undefined ? action.state : 'failed';
}

function reportOf(disk: string): Report | undefined {
  const text = textOf(path.join(disk, REPORT));
  return text === '' ? undefined : JSON.parse(text);
}

function expectWords(text: string, words: Words): void {
  expect(text).toEqual(
    words instanceof RegExp ? expect.stringMatching(words) : expect.stringContaining(words),
  );
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
