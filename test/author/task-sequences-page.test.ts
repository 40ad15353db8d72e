import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { taskSequenceDocumentSchema } from '../../agent/author/site-documents.ts';
import { decodeYaml } from '../../agent/document/decode-yaml.ts';
import { defaultSteps } from '../../agent/plan/default-steps.ts';
import { flattenSteps } from '../../agent/plan/flatten-steps.ts';
import { placeSteps } from '../../agent/plan/place-steps.ts';
import { OPERATORS } from '../../agent/policy/compare-values.ts';
import { conditionSchema, machineFactName } from '../../agent/policy/condition.ts';
import { explainCondition } from '../../agent/policy/explain-condition.ts';
import { stepSchemas } from '../../agent/policy/sequence-step.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/task-sequences.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml (\S+)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({
  kind,
  text: text ?? '',
}));
const sequences = blocks
  .filter(({ kind }) => kind === 'task-sequence')
  .map(({ text }) => decodeYaml(text, taskSequenceDocumentSchema, { file: 'page' }));

describe('docs/task-sequences.md', () => {
  it('has examples that can be carried out', () => {
    expect(sequences).toHaveLength(2);
    for (const { steps = [] } of sequences) expect(placeSteps(flattenSteps(steps)).misplaced).toEqual([]);
  });

  it('shows the default sequence as it is', () => {
    expect(sequences[0]?.steps).toEqual(defaultSteps(undefined));
  });

  it('has a row for every step, with every field of it', () => {
    const common = ['step', 'name', 'when', 'continueOnError', 'disabled', 'retry', 'timeoutMinutes'];
    for (const [type, schema] of Object.entries(stepSchemas)) {
      const row = page.split('\n').find(line => line.startsWith(`| \`${type}\` |`));
      expect(row, type).toBeDefined();
      for (const field of Object.keys(schema.shape)) {
        if (common.includes(field)) expect(page).toContain(`\`${field}\``);
        else expect(row, `${type}.${field}`).toContain(`\`${field}\``);
      }
    }
  });

  it('names every fact and every comparison', () => {
    for (const name of [...machineFactName.options, ...OPERATORS]) expect(page).toContain(`\`${name}\``);
  });

  it('has an example of a condition that says what it is meant to', () => {
    const [example] = blocks.filter(({ kind }) => kind === 'condition');
    const condition = decodeYaml(example?.text ?? '', conditionSchema, { file: 'page' });
    expect(explainCondition(condition)).toBe(
      'memoryMB is at least 8192 and (model like "Book 1?*" or file %ProgramFiles%\\Contoso\\dock.exe has version 2.1 or later) and ' +
        'not (registry HKLM\\SOFTWARE\\Contoso value Managed equals 1)',
    );
  });
});
