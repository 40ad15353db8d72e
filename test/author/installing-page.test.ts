// docs/installing.md: its example is a content document, and what it says of exit codes and waits is what happens.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { contentSchema } from '../../agent/author/site-documents.ts';
import { decodeYaml } from '../../agent/document/decode-yaml.ts';
import { meaningOf } from '../../agent/steps/exit-code.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/installing.md'), 'utf8');

it('has an example that decodes, with every form of detection but one', () => {
  const [, text = ''] = /^```yaml content\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const { install = [], detection = [] } = decodeYaml(Buffer.from(text), contentSchema, {
    file: 'installing.md',
  });
  expect(install).toHaveLength(2);
  for (const form of ['registryKey', 'any', 'productCode', 'file', 'script'])
    expect(JSON.stringify(detection)).toContain(`"${form}"`);
});

it.each([
  ['done', 'success', [0, 1707]],
  ['done; Windows restarts when all is installed', 'soft-restart', [3010]],
  ['done; Windows restarts before anything else', 'hard-restart', [1641]],
  ['another installation is running', 'busy', [1618]],
] as const)('its row "%s" has the codes of %s', (words, meaning, codes) => {
  const row = page
    .split('\n')
    .find(line => line.startsWith('|') && line.split('|')[2]?.trim().startsWith(words));
  expect(row?.split('|')[1]?.match(/\d+/g)?.map(Number)).toEqual(codes);
  for (const code of codes) expect(meaningOf(code)).toBe(meaning);
});
