// The XML by which an image gets its name.
import { expect, it } from 'vitest';
import { imageInformation } from '../../agent/wim/image-information.ts';
import { parseXml, textAt } from '../../agent/wim/xml.ts';

it('begins with a byte order mark and holds name and description in an IMAGE element', () => {
  expect(imageInformation({ name: 'ESP', description: 'of depot' })).toBe(
    '\ufeff<IMAGE><NAME>ESP</NAME><DESCRIPTION>of depot</DESCRIPTION></IMAGE>',
  );
  expect(imageInformation({ name: 'ESP' })).toBe('\ufeff<IMAGE><NAME>ESP</NAME></IMAGE>');
});

it.each(['</NAME><NAME>', 'A & B &amp; C', 'Ünïcode 日本 😀', '"quoted" \'too\''])(
  'gives %s back as it was',
  name => {
    expect(textAt(parseXml(imageInformation({ name }).slice(1)), 'NAME')).toBe(name);
  },
);

it('puts a mark in place of what XML cannot hold', () => {
  const name = 'a\u0000b\ud800c\u0007d';
  expect(textAt(parseXml(imageInformation({ name }).slice(1)), 'NAME')).toBe('a\ufffdb\ufffdc\ufffdd');
});
