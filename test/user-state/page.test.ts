import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROFILE_FOLDERS } from '../../agent/user-state/choose-files.ts';
import { stateSchema } from '../../agent/user-state/state-document.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/user-state.md'), 'utf8');

test('the state.json of docs/user-state.md is one', () => {
  const text = /^```json\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
  expect(stateSchema.safeParse(JSON.parse(text)).error).toBeUndefined();
});

test('docs/user-state.md names the folders that are taken', () => {
  expect(page).toContain(PROFILE_FOLDERS.join(', '));
});
