// The small XML reader: what WIM files hold, and what a hostile file may hold.
import { describe, expect, it } from 'vitest';
import { decodeImages } from '../../agent/wim/images.ts';
import { parseXml, textAt } from '../../agent/wim/xml.ts';

describe('the XML of a WIM', () => {
  it('gives elements, attributes and text', () => {
    const root = parseXml(
      `<WIM><IMAGE INDEX="1" X='a&quot;b'><NAME> A &amp; B &#x1F680;&#65; </NAME><EMPTY/><!-- no --></IMAGE></WIM>`,
    );
    expect(root.children[0]!.attributes).toEqual(
      new Map([
        ['INDEX', '1'],
        ['X', 'a"b'],
      ]),
    );
    expect(textAt(root, 'IMAGE', 'NAME')).toBe('A & B \u{1f680}A');
    expect(textAt(root, 'IMAGE', 'EMPTY')).toBeUndefined();
    expect(textAt(root, 'IMAGE', 'NAME', 'DEEPER')).toBeUndefined();
  });

  it.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['a named entity', '<a>&nbsp;</a>'],
    ['an unfinished entity', '<a>&amp</a>'],
    ['a character that is none', '<a>&#x110000;</a>'],
    ['a processing instruction', '<a><?php ?></a>'],
    ['a CDATA section', '<a><![CDATA[x]]></a>'],
    ['an element not closed', '<a><b></a>'],
    ['another name at the end', '<a></b>'],
    ['an attribute twice', '<a x="1" x="2"/>'],
    ['an attribute without quotes', '<a x=1/>'],
    ['an attribute not closed', '<a x="1/>'],
    ['a comment not closed', '<a><!-- </a>'],
    ['two roots', '<a/><a/>'],
    ['nothing', ''],
    ['only text', 'hello'],
    ['an endless nesting', '<a>'.repeat(50_000)],
  ])('%s is refused', (_what, text) => {
    expect(() => parseXml(text)).toThrow(SyntaxError);
  });

  it('refuses more elements than any WIM has', () => {
    expect(() => parseXml(`<a>${'<b/>'.repeat(200_001)}</a>`)).toThrow('more than');
  });
});

describe('the images', () => {
  const decode = (text: string, count: number) =>
    decodeImages(Buffer.from(`\uFEFF${text}`, 'utf16le'), count, 'x.wim');

  it('come in the order of their index, whatever their order in the text', () => {
    const images = decode(
      '<WIM><IMAGE INDEX="2"><NAME>b</NAME></IMAGE><IMAGE INDEX="1"><NAME>a</NAME></IMAGE></WIM>',
      2,
    );
    expect(images.map(image => image.name)).toEqual(['a', 'b']);
  });

  it('have numbers only where the text is a number', () => {
    const [image] = decode(
      '<WIM><IMAGE INDEX="1"><TOTALBYTES>12e3</TOTALBYTES><FILECOUNT>99999999999999999999</FILECOUNT></IMAGE></WIM>',
      1,
    );
    expect(image).toMatchObject({ name: '', totalBytes: undefined, fileCount: undefined });
  });

  it('call an unknown architecture unknown', () => {
    const [image] = decode('<WIM><IMAGE INDEX="1"><WINDOWS><ARCH>77</ARCH></WINDOWS></IMAGE></WIM>', 1);
    expect(image!.architecture).toBe('unknown');
  });

  it.each([
    ['a gap in the numbers', '<WIM><IMAGE INDEX="1"/><IMAGE INDEX="3"/></WIM>', 2],
    ['a number twice', '<WIM><IMAGE INDEX="1"/><IMAGE INDEX="1"/></WIM>', 2],
    ['no number', '<WIM><IMAGE/></WIM>', 1],
    ['fewer than the header says', '<WIM><IMAGE INDEX="1"/></WIM>', 2],
    ['another root', '<WIN/>', 0],
  ])('with %s are refused with IMAGE-02', (_what, text, count) => {
    expect(() => decode(text, count)).toThrow(expect.objectContaining({ code: 'IMAGE-02' }));
  });
});
