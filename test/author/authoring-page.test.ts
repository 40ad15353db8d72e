import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeSite } from '../../agent/author/new-site/make-site.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { authorKit, layTree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('authoring-page');
const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/authoring.md'), 'utf8');

it('docs/authoring.md shows mistakes as publishing tells them', async () => {
  await makeSite({ folder, code: 'GRZ', makeKeys: false }, authorKit());
  const item = (id: string, dependency: string) =>
    `id: ${id}\ntype: package\nname: x\nversion: "1"\nsource: .\ndependencies: [${dependency}]\n`;
  const application = readFileSync(path.join(folder, 'content/GRZ00011/content.yaml'), 'utf8');
  layTree(folder, {
    'content/GRZ00011/content.yaml': application.replace('detection:', 'detecton:'),
    'content/GRZ00012/content.yaml': item('GRZ00012', 'GRZ00013'),
    'content/GRZ00013/content.yaml': item('GRZ00013', 'GRZ00012'),
    'content/other/content.yaml': item('GRZ00010', ''),
    'deployment.yaml': '[]',
    'media/depot.yaml': 'taskSequence: GRZ00020\n\tcreatedBy: x\n',
  });
  const { issues } = (await faultOf(readSite(folder))).detail;
  const [, shown = ''] = /told at once[\s\S]*?```text\n([\s\S]*?)```/.exec(page) ?? [];
  const lines = shown.trim().split('\n');
  expect(lines.toSorted()).toEqual(Array.isArray(issues) ? issues.toSorted() : []);
});
