import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentSchema } from '../../agent/author/site-documents.ts';
import { driverLines } from '../../agent/console/driver-lines.ts';
import type { ContentReference } from '../../agent/content/manifest.ts';
import { decodeYaml } from '../../agent/document/decode-yaml.ts';
import { judgeDriverPackages } from '../../agent/policy/driver-packages.ts';
import { reference } from '../support/signed-documents.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/drivers.md'), 'utf8');
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)]
    .filter(([, tag]) => tag === kind)
    .map(([, , text]) => text ?? '');
const packages = blocks('yaml content').map(text => decodeYaml(text, contentSchema, { file: 'page' }));

describe('docs/drivers.md', () => {
  it('names every key of hardware', () => {
    for (const key of Object.keys(contentSchema.shape.hardware.unwrap().shape))
      expect(page).toContain(`\`${key}\``);
  });

  it('shows what plan says of its own examples', () => {
    const offered: readonly ContentReference[] = [
      ...packages.map(({ id, name, hardware: { devices, ...names } = {} }) => ({
        ...reference(id, 'driver-package'),
        name,
        hardware: devices === undefined ? names : { ...names, devices: ['USB\\VID_0BDA&PID_8153'] },
      })),
      {
        ...reference('CON00042', 'driver-package'),
        name: 'Book 15, all drivers',
        hardware: { models: ['Book 15'] },
      },
    ];
    const facts = { manufacturer: 'Contoso Ltd.', model: 'Book 14 G1', devices: ['USB\\VID_0BDA&PID_8153'] };
    const judgements = judgeDriverPackages('auto', { offered, laid: [] }, facts);
    expect(driverLines({ judgements }, true).slice(1).join('\n')).toBe(blocks('text')[0]?.trimEnd());
  });
});
