import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { COMMAND_LINE_CASES } from './command-line-cases.ts';
import { expectRefusal } from './judge.ts';
import { runPrestage } from './run-prestage.ts';

const folder = tempFolder('command-line');

test.each(COMMAND_LINE_CASES)(
  '$title is refused, and nothing is written',
  async ({ words, env, fault = 'USAGE-01', subject, says }) => {
    const ended = await runPrestage(words, { cwd: folder, ...(env && { env }) });
    expectRefusal(ended, { exitCode: 2, fault, subject, says });
    expect(readdirSync(folder)).toEqual([]);
  },
);
