// docs/rehearsal.md: its examples decode, and name every key that machine.json may have.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { decodeYaml } from '../../agent/document/decode-yaml.ts';
import { exitCodesSchema, machineFileSchema } from '../../agent/machine/folder/machine-file.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/rehearsal.md'), 'utf8');
const example = (name: string): string =>
  new RegExp(`^\`\`\`json ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? '';

it('has a machine.json that decodes, with every key that there is', () => {
  const file = decodeYaml(example('machine'), machineFileSchema, { file: 'rehearsal.md' });
  expect(Object.keys(file).sort()).toEqual(Object.keys(machineFileSchema.shape).sort());
  const facts = machineFileSchema.shape.facts.unwrap();
  expect(Object.keys(file.facts ?? {}).sort()).toEqual(Object.keys(facts.shape).sort());
});

it('has exit codes that decode', () => {
  const codes = decodeYaml(example('exit-codes'), exitCodesSchema, { file: 'rehearsal.md' });
  expect(Object.keys(codes)).toHaveLength(3);
});
