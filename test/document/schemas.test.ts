import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { schemaFiles } from '../../scripts/docs/schemas.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../docs/schemas');

it('finds docs/schemas as the definitions say: `node scripts/docs/schemas.ts` writes them', () => {
  const files = schemaFiles();
  expect(readdirSync(FOLDER).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(path.join(FOLDER, name), 'utf8')).toBe(text);
});

it('describes what an author may write: defaults are optional, unknown keys are not allowed', () => {
  const media = JSON.parse(schemaFiles().get('media.json') ?? '');
  expect(media).toMatchObject({
    $schema: expect.stringContaining('2020-12'),
    type: 'object',
    additionalProperties: false,
  });
  expect(media.required).toEqual(['taskSequence', 'createdBy']);
});
