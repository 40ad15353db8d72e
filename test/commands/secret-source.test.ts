import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  obtainNewSecret,
  obtainSecret,
  type SecretAsked,
  type SecretWorld,
} from '../../agent/commands/secret-source.ts';
import type { Terminal } from '../../agent/console/menu.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { typing } from '../support/typing.ts';

const folder = tempFolder('secret-source');
const ASKED: SecretAsked = {
  what: 'Password of media "depot"',
  option: '--password-file',
  variable: 'PRESTAGE_MEDIA_PASSWORD',
};

function world({
  terminal,
  environment = {},
}: {
  readonly terminal?: Terminal;
  readonly environment?: SecretWorld['environment'];
} = {}): SecretWorld & { readonly learned: string[] } {
  const learned: string[] = [];
  return {
    environment,
    signal: new AbortController().signal,
    endProgress: () => {},
    learnSecret: values => void learned.push(...values),
    learned,
    ...(terminal === undefined ? {} : { terminal }),
  };
}

function file(name: string, bytes: string | Uint8Array): SecretAsked {
  mkdirSync(folder, { recursive: true });
  const place = path.join(folder, name);
  writeFileSync(place, bytes);
  return { ...ASKED, file: place };
}

describe('an existing secret', () => {
  test.each([
    ['plain', 'correct horse\nanother line\n'],
    ['with line ends of Windows', 'correct horse\r\n'],
    ['with a mark in front', '\ufeffcorrect horse\n'],
    ['as PowerShell writes it', Buffer.from('\ufeffcorrect horse\r\n', 'utf16le')],
  ])('comes from the first line of a file, %s', async (name, bytes) => {
    const heard = world({ environment: { PRESTAGE_MEDIA_PASSWORD: 'another' } });
    expect(await obtainSecret(file(name, bytes), heard)).toEqual({ text: 'correct horse', from: 'file' });
    expect(heard.learned).toEqual(['correct horse']);
  });

  test('comes from the environment, else from the terminal, and the redactor knows it', async () => {
    const given = world({ environment: { PRESTAGE_MEDIA_PASSWORD: 'from outside' } });
    expect(await obtainSecret(ASKED, given)).toEqual({ text: 'from outside', from: 'environment' });
    const terminal = typing('t', 'yped', '\r');
    const asked = world({ terminal, environment: { PRESTAGE_MEDIA_PASSWORD: '' } });
    expect(await obtainSecret(ASKED, asked)).toEqual({ text: 'typed', from: 'terminal' });
    expect([...given.learned, ...asked.learned]).toEqual(['from outside', 'typed']);
  });

  test('with nobody to ask is USAGE-17, which names file option and variable', async () => {
    expect(await faultOf(obtainSecret(ASKED, world()))).toMatchObject({
      code: 'USAGE-17',
      subject: 'Password of media "depot"',
      detail: { expected: '--password-file FILE, or the variable PRESTAGE_MEDIA_PASSWORD' },
    });
  });

  test('in a file that is absent or begins with an empty line is USAGE-08', async () => {
    const absent = { ...ASKED, file: path.join(folder, 'absent') };
    expect(await faultOf(obtainSecret(absent, world()))).toMatchObject({ code: 'USAGE-08' });
    expect(await faultOf(obtainSecret(file('empty', '\nsecret\n'), world()))).toMatchObject({
      code: 'USAGE-08',
      detail: { found: 'an empty line' },
    });
  });
});

describe('a new secret', () => {
  test('is typed twice, and again while the two differ or it is too short', async () => {
    const keys = [
      'short',
      '\r',
      'long enough',
      '\r',
      'lang enough',
      '\r',
      'long enough',
      '\r',
      'long enough',
    ];
    const terminal = typing(...keys, '\r');
    expect(await obtainNewSecret(ASKED, world({ terminal }))).toEqual({
      text: 'long enough',
      from: 'terminal',
    });
    expect(terminal.written.join('')).toBe(
      [
        'New password of media "depot": ',
        'That cannot be taken: 5 characters, and 8 are the fewest. Once more, or Esc to leave.',
        'New password of media "depot": ',
        'The same once more: ',
        'That cannot be taken: the two are not the same. Once more, or Esc to leave.',
        'New password of media "depot": ',
        'The same once more: ',
        '',
      ].join('\n'),
    );
  });

  test('that fails three times, or is too short in a file, is USAGE-01', async () => {
    const terminal = typing('a\r', 'b\r', 'c\r');
    expect(await faultOf(obtainNewSecret(ASKED, world({ terminal })))).toMatchObject({ code: 'USAGE-01' });
    expect(await faultOf(obtainNewSecret(file('short', 'abc'), world()))).toMatchObject({
      code: 'USAGE-01',
      subject: '--password-file',
      detail: { found: '3 characters, and 8 are the fewest' },
    });
  });
});
