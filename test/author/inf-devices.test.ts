import { describe, expect, it } from 'vitest';
import { infDevices } from '../../agent/author/inf-devices.ts';
import { seeded } from '../support/seeded.ts';

/** A driver's INF as vendors write it: decorations, tokens, comments, quotes and continued lines. */
const NETWORK = `; Copyright (C) über alles
[Version]
Signature = "$Windows NT$"
Class     = Net

[Manufacturer]
%Intel% = Intel, NTamd64.10.0...16299, NTarm64   ; two decorations

[ControlFlags]
ExcludeFromSelect = PCI\\VEN_0000&DEV_0000

[Intel.NTamd64.10.0...16299]
%E15F3.Desc%     = E15F3, PCI\\VEN_8086&DEV_15F3
"With; semicolon" = E15F3, "PCI\\VEN_8086&DEV_15F3&SUBSYS_00008086", %Compatible% ; PCI\\VEN_FFFF&DEV_FFFF
%Long.Desc% = Long, pci\\ven_8086&dev_0dc5, \\ ; goes on
    PCI\\VEN_8086&DEV_0DC6

[INTEL.ntARM64]
%Bare.Desc% = Bare,, *PNP0501
[Strings]
Intel = "Intel ""Corporation"""
Compatible = "PCI\\CC_0200"
`;

const IDS = [
  '*PNP0501',
  'PCI\\CC_0200',
  'PCI\\VEN_8086&DEV_0DC5',
  'PCI\\VEN_8086&DEV_0DC6',
  'PCI\\VEN_8086&DEV_15F3',
  'PCI\\VEN_8086&DEV_15F3&SUBSYS_00008086',
];

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const head = '[Version]\n[Manufacturer]\n';

describe('the encoding of an INF file', () => {
  it.each<[string, Buffer]>([
    ['UTF-8', Buffer.from(NETWORK)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${NETWORK}`)],
    ['UTF-16 with a byte order mark, as Microsoft’s tools write it', utf16(`\ufeff${NETWORK}`)],
    ['UTF-16 with the other byte order', utf16(`\ufeff${NETWORK}`).swap16()],
    ['UTF-16 without a mark', utf16(NETWORK)],
    ['ANSI', Buffer.from(NETWORK, 'latin1')],
    ['Windows line ends', Buffer.from(NETWORK.replaceAll('\n', '\r\n'))],
    ['line ends of an old Mac', Buffer.from(NETWORK.replaceAll('\n', '\r'))],
  ])('may be %s', (_, bytes) => {
    expect(infDevices(bytes)).toEqual({ ids: IDS });
  });
});

describe('device IDs', () => {
  it.each<[string, string, readonly string[]]>([
    ['a manufacturer’s name alone is that of its section', `${head}Acme\n[Acme]\nx = y, A\\1`, ['A\\1']],
    ['a quoted one too', `${head}"Acme Inc."\n[Acme Inc.]\nx = y, A\\1`, ['A\\1']],
    ['several manufacturers', `${head}%A%=one\n%B%=two\n[one]\nx=y,A\\1\n[two]\nx=y,B\\1`, ['A\\1', 'B\\1']],
    [
      'a section in two parts counts as one',
      `${head}a=m\n[m]\nx=y,A\\1\n[other]\n[M]\nx=y,A\\2`,
      ['A\\1', 'A\\2'],
    ],
    [
      'a section that no manufacturer names does not count',
      `${head}a=m\n[m]\nx=y,A\\1\n[n]\nx=y,B\\1`,
      ['A\\1'],
    ],
    [
      'a decoration that no manufacturer names does not count',
      `${head}a=m,NTamd64\n[m.NTamd64]\nx=y,A\\1\n[m.NTx86]\nx=y,B\\1`,
      ['A\\1'],
    ],
    [
      'an empty section of a decoration is no mistake',
      `${head}a=m,NT.6.1,NT.6.0\n[m.NT.6.0]\nx=y,A\\1\n[m.NT.6.1]`,
      ['A\\1'],
    ],
    ['each counts once, in capitals', `${head}a=m\n[m]\nx=y,a\\1,A\\1\nz=y,A\\1`, ['A\\1']],
    ['a line without = is no model', `${head}a=m\n[m]\nA\\9, A\\8\nx=y,A\\1`, ['A\\1']],
    [
      'tokens in any case, two percent signs for one',
      `${head}a=m\n[m]\nx=y,%ID%,A%%B\n[strings]\nid=A\\1`,
      ['A%B', 'A\\1'],
    ],
    [
      'translations serve where [Strings] has no token',
      `${head}a=m\n[m]\nx=y,%i%,%j%\n[Strings.0407]\ni=DE\\1\nj=DE\\2\n[Strings]\ni=A\\1`,
      ['A\\1', 'DE\\2'],
    ],
    [
      'blanks inside stay, around go',
      `${head}a=m\n[m]\nx = y ,  Vendor Printer1234 , A\\1`,
      ['A\\1', 'VENDOR PRINTER1234'],
    ],
    ['a backslash within a line continues nothing', `${head}a=m\n[m]\nx=y,A\\1\nz=y,A\\2`, ['A\\1', 'A\\2']],
    ['the last line may continue into nothing', `${head}a=m\n[m]\nx=y,A\\1,\\`, ['A\\1']],
    [
      'a quote that is never closed ends with its line',
      `${head}a=m\n[m]\nx=y,"A\\1\nz=y,A\\2`,
      ['A\\1', 'A\\2'],
    ],
    ['no manufacturers, as of a filter driver', '[Version]\n[DefaultInstall]\nCopyFiles=x', []],
  ])('%s', (_, text, ids) => {
    expect(infDevices(Buffer.from(text))).toEqual({ ids });
  });
});

describe('a file that is not as it should be is told, and offers what can be read', () => {
  it.each<[string, Uint8Array | string, readonly string[], RegExp]>([
    ['an empty file', '', [], /no \[Version\] section/],
    ['a program', seeded(7).bytes(200_000), [], /no \[Version\] section/],
    ['manufacturers without models', `${head}a=m,NTamd64\n[n]\nx=y,A\\1`, [], /none of the sections/],
    [
      'IDs that Windows refuses',
      `${head}a=m\n[m]\nx=y,A\\1,Ä\\2,${'A'.repeat(300)}`,
      ['A\\1'],
      /2 device IDs/,
    ],
    [
      'a token that is defined nowhere is kept as written',
      `${head}a=m\n[m]\nx=y,%no%Ä`,
      [],
      /has a device ID/,
    ],
  ])('%s', (_, content, ids, words) => {
    const found = infDevices(typeof content === 'string' ? Buffer.from(content) : content);
    expect(found).toEqual({ ids, warning: expect.stringMatching(words) });
  });

  it('takes no longer for a hostile file than for a large one', () => {
    for (const piece of ['%', '"', '\\', '[', ';', '=,', '\\ \n', ' ', '%a%']) {
      const text = `${head}a=m\n[m]\nx=y,${piece.repeat(1_000_000 / piece.length)}\n[Strings]\na=${'%a%'.repeat(300)}`;
      const began = performance.now();
      infDevices(Buffer.from(text));
      expect(performance.now() - began, piece).toBeLessThan(5_000);
    }
  });
});
