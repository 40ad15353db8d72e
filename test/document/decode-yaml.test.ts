import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeYaml, tryDecodeYaml } from '../../agent/document/decode-yaml.ts';
import { distributionPoint, siteCode } from '../../agent/document/fields.ts';
import { Fault } from '../../agent/fault/fault.ts';

const schema = z.strictObject({
  site: siteCode,
  name: z.string(),
  version: z.string(),
  drivers: z.union([z.literal('auto'), z.array(z.string())], 'auto or a list of IDs'),
  distributionPoints: z.array(distributionPoint).min(1),
  purpose: z.enum(['required', 'available']),
  detection: z
    .array(z.union([z.strictObject({ file: z.string() }), z.strictObject({ productCode: z.string() })]))
    .optional(),
});

const GOOD = `site: CON
name: Contoso
version: "1.10"
drivers: auto
distributionPoints:
  - url: https://dp.contoso.example/prestage
purpose: required
`;

function issues(text: string | Uint8Array): readonly string[] {
  const decoded = tryDecodeYaml(text, schema, { file: 'site.yaml' });
  return decoded.ok ? [] : decoded.issues;
}

describe('decodeYaml', () => {
  it('gives the value with defaults filled in, and the place of each part', () => {
    const decoded = tryDecodeYaml(GOOD, schema, { file: 'site.yaml' });
    if (!decoded.ok) throw new Error(decoded.issues.join('\n'));
    expect(decoded.value.distributionPoints).toEqual([
      { url: 'https://dp.contoso.example/prestage', priority: 10 },
    ]);
    expect(decoded.locate(['distributionPoints', 0, 'url'])).toBe('site.yaml:6:10');
    expect(decoded.locate(['absent'])).toBe('site.yaml:1:1');
  });

  it('lists every mistake at once with line and column, in the order of the text', () => {
    const text = `site: con
name:
version: 1.10
vesion: 2
drivers: 7
distributionPoints:
  - url: 12
  - url: https://me:secret@dp.contoso.example/
    priority: high
  - {}
drivers: 8
detection: [{ file: 1 }, { productcode: x }]
`;
    expect(issues(text)).toEqual([
      'site.yaml:1:1 purpose: required, but absent',
      'site.yaml:1:7 site: expected a site code of three letters or digits, such as CON, found con',
      'site.yaml:2:1 name: expected text, found nothing',
      'site.yaml:3:10 version: expected text (write it in quotes), found 1.10',
      'site.yaml:4:1 vesion: unknown key',
      'site.yaml:7:10 distributionPoints[0].url: expected a URL, share or volume (https://host/path, \\\\server\\share, volume:LABEL/folder) without user name and password, found 12',
      'site.yaml:8:10 distributionPoints[1].url: expected a URL, share or volume (https://host/path, \\\\server\\share, volume:LABEL/folder) without user name and password, found https://***@dp.contoso.example/',
      'site.yaml:9:15 distributionPoints[1].priority: expected a number, found high',
      'site.yaml:10:5 distributionPoints[2].url: required, but absent',
      'site.yaml:11:1 key used twice in one mapping: drivers, first in line 5',
      'site.yaml:11:10 drivers: expected auto or a list of IDs, found 8',
      'site.yaml:12:21 detection[0].file: expected text (write it in quotes), found 1',
      'site.yaml:12:26 detection[1].file: required, but absent',
      'site.yaml:12:28 detection[1].productcode: unknown key; did you mean productCode?',
    ]);
  });

  it('tells syntax errors together with the mistakes before them, and no guesses about what follows', () => {
    const found = issues('site: con\nname: Contoso\ndrivers: [CON00001\npurpose: sometimes\n');
    expect(found[0]).toBe(
      'site.yaml:1:7 site: expected a site code of three letters or digits, such as CON, found con',
    );
    expect(found[1]).toContain('not valid YAML');
    expect(found).toHaveLength(2);
  });

  it('tells a tab once, where it stands, and not what it makes of the lines behind it', () => {
    const text =
      'site: CON\nname: Contoso\ndistributionPoints:\n  - url: https://dp/p\n\t- url: https://dp/q\npurpose: required\n';
    expect(issues(text)).toEqual(['site.yaml:5:1 not valid YAML: Tabs are not allowed as indentation']);
  });

  it.each([
    ['an empty file', '', 'site.yaml:1:1 document: expected a mapping of keys'],
    ['a list', '- 1', 'site.yaml:1:1 document: expected a mapping of keys, found a list'],
    [
      'a wrong number of entries',
      GOOD.replace(/\n {2}- .*/, ' []'),
      'site.yaml:5:21 distributionPoints: expected at least 1 entry, found 0',
    ],
    [
      'a word outside the list',
      GOOD.replace('required', 'forced'),
      'site.yaml:7:10 purpose: expected one of required, available, found forced',
    ],
    ['an unresolved alias', 'site: *gone', 'site.yaml:1:7 no anchor is called gone'],
    [
      'a key that JavaScript objects have by nature',
      `${GOOD}"__proto__": { site: X }\n`,
      'site.yaml:8:1 __proto__: unknown key',
    ],
    [
      'bytes that are no UTF-8',
      Uint8Array.of(0x73, 0xff, 0xfe),
      'site.yaml:1:2 expected UTF-8 text; save the file as UTF-8',
    ],
    [
      'a letter of Windows-1252 far below',
      Buffer.concat([Buffer.from('\uFEFFsite: CON\r\n# für alle\r\nname: Z'), Uint8Array.of(0xfc, 0x72)]),
      'site.yaml:3:8 expected UTF-8 text; save the file as UTF-8',
    ],
    [
      'UTF-16, as Notepad saves "Unicode"',
      Buffer.from(`\uFEFF${GOOD}`, 'utf16le'),
      'site.yaml:1:1 expected UTF-8 text; save the file as UTF-8 (this looks like UTF-16)',
    ],
    [
      'UTF-16 without a mark',
      Buffer.from(GOOD, 'utf16le'),
      'site.yaml:1:1 expected UTF-8 text; save the file as UTF-8 (this looks like UTF-16)',
    ],
  ])('refuses %s', (_, text, issue) => {
    expect(issues(text)[0]).toContain(issue);
  });

  it('refuses aliases that would unfold without end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...['b', 'c', 'd', 'e'].map(
        (key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcd'[at]}`).join(',')}]`,
      ),
    ].join('\n');
    expect(issues(bomb).join('\n')).toContain('alias');
  });

  it('weighs the document before it parses it', () => {
    const decoded = tryDecodeYaml(GOOD, schema, { file: 'site.yaml', maxBytes: 10 });
    expect(decoded).toEqual({
      ok: false,
      issues: [`site.yaml: expected at most 10 bytes, found ${GOOD.length}`],
    });
  });

  it('throws one USAGE-02 that carries the whole list', () => {
    const attempt = () => decodeYaml('site: 1\nextra: 2\n', schema, { file: 'site.yaml' });
    expect(attempt).toThrow(Fault);
    try {
      attempt();
    } catch (thrown) {
      expect(thrown).toMatchObject({
        code: 'USAGE-02',
        subject: 'site.yaml',
        detail: { issues: expect.arrayContaining(['site.yaml:2:1 extra: unknown key']) },
      });
    }
  });

  it('accepts a byte order mark and Windows line ends', () => {
    const bytes = Buffer.from(`\uFEFF${GOOD.replaceAll('\n', '\r\n')}`);
    expect(issues(bytes)).toEqual([]);
    expect(issues(Buffer.from(`\uFEFF${GOOD}nope: 1\n`.replaceAll('\n', '\r\n')))).toEqual([
      'site.yaml:8:1 nope: unknown key',
    ]);
  });
});
