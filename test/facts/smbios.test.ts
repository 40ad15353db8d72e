// The SMBIOS decoder on tables like those of real machines, on a real one of Wine, and on damage.
import { describe, expect, it } from 'vitest';
import { decodeRawSmbios, decodeSmbiosTable } from '../../agent/facts/smbios.ts';

/** One structure: type, formatted area behind the 4-byte header, strings. */
function structure(type: number, area: readonly number[], strings: readonly string[]): Buffer {
  const text = strings.length === 0 ? '\0\0' : `${strings.join('\0')}\0\0`;
  return Buffer.concat([Buffer.from([type, area.length + 4, 0, 0, ...area]), Buffer.from(text, 'latin1')]);
}

const UUID = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];

/** Type 1 as of SMBIOS 2.4: manufacturer, product, version, serial, UUID, wake-up, SKU, family. */
const system = (strings: readonly string[], uuid: readonly number[] = UUID): Buffer =>
  structure(1, [1, 2, 3, 4, ...uuid, 6, 5, 0], strings);
const chassis = (serial: string, assetTag: string): Buffer =>
  structure(3, [0, 10, 0, 1, 2], [serial, assetTag]);
const bios = structure(0, [1, 2, 0, 0, 3, 0], ['Dell Inc.', '1.9.0', '04/01/2024']);
const end = structure(127, [], []);

const DELL = Buffer.concat([
  bios,
  system(['Dell Inc.', ' Latitude 5450 ', ' ', 'ABC1234', '0CB0']),
  chassis('ABC1234', 'IT-00042'),
  end,
]);

/** RawSMBIOSData as GetSystemFirmwareTable returns it. */
function raw(table: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.set([0, 3, 3, 0]);
  head.writeUInt32LE(table.length, 4);
  return Buffer.concat([head, table]);
}

describe('a table of a business laptop', () => {
  it('tells maker, model, serial number, SKU, asset tag and UUID as Windows shows it', () => {
    expect(decodeRawSmbios(raw(DELL))).toEqual({
      manufacturer: 'Dell Inc.',
      model: 'Latitude 5450',
      serial: 'ABC1234',
      sku: '0CB0',
      assetTag: 'IT-00042',
      uuid: '00112233-4455-6677-8899-AABBCCDDEEFF',
    });
  });

  it('is the same without the head that Windows puts before it', () => {
    expect(decodeSmbiosTable(DELL)).toEqual(decodeRawSmbios(raw(DELL)));
  });
});

describe('what vendors leave unfilled', () => {
  it.each([
    'To Be Filled By O.E.M.',
    'Default string',
    'System Product Name',
    'None',
    '   ',
    '0',
    'XXXXXXXX',
    '00000000',
    'Not Specified',
    'INVALID',
  ])('%j is no model', filler => {
    expect(
      decodeSmbiosTable(Buffer.concat([system(['Maker', filler, 'v', filler, filler]), end])),
    ).toMatchObject({
      manufacturer: 'Maker',
      model: undefined,
      serial: undefined,
    });
  });

  it('is taken from the board or the chassis where these know better', () => {
    const board = structure(2, [1, 2, 3, 4], ['ASUSTeK', 'PRIME Z690-P', 'Rev 1', 'S1']);
    const table = Buffer.concat([
      system(['System manufacturer', 'System Product Name', 'v', 'System Serial Number', 'SKU']),
      board,
      chassis('C-77', 'No Asset Tag'),
      end,
    ]);
    expect(decodeSmbiosTable(table)).toMatchObject({
      manufacturer: 'ASUSTeK',
      model: 'PRIME Z690-P',
      serial: 'C-77',
      sku: undefined,
      assetTag: undefined,
    });
  });

  it.each([[0x00], [0xff]])('a UUID of only %i is none', byte => {
    expect(
      decodeSmbiosTable(Buffer.concat([system(['A', 'B'], Array(16).fill(byte)), end])).uuid,
    ).toBeUndefined();
  });
});

describe('tables that are short or damaged', () => {
  it('an old structure without SKU has none', () => {
    expect(
      decodeSmbiosTable(Buffer.concat([structure(1, [1, 2, 0, 3], ['A', 'B', 'C']), end])),
    ).toMatchObject({ manufacturer: 'A', model: 'B', serial: 'C', uuid: undefined, sku: undefined });
  });

  it('a string number beyond the strings is an absent field', () => {
    expect(decodeSmbiosTable(Buffer.concat([structure(1, [1, 9, 0, 0], ['A']), end]))).toMatchObject({
      manufacturer: 'A',
      model: undefined,
    });
  });

  it('nothing, an empty table and a head alone give no facts', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(7), raw(Buffer.alloc(0)), raw(end)]) {
      expect(Object.values(decodeRawSmbios(bytes)).filter(value => value !== undefined)).toEqual([]);
    }
  });

  it('never fails, wherever the table is cut or a byte is flipped', () => {
    for (let length = 0; length < DELL.length; length += 1)
      expect(() => decodeSmbiosTable(DELL.subarray(0, length))).not.toThrow();
    for (let at = 0; at < DELL.length; at += 1) {
      const flipped = Buffer.from(DELL);
      flipped[at] = ~flipped[at]!;
      expect(() => decodeSmbiosTable(flipped)).not.toThrow();
    }
  });

  it('a length in the head that is beyond the bytes is no harm', () => {
    const table = raw(DELL);
    table.writeUInt32LE(0xffff_ffff, 4);
    expect(decodeRawSmbios(table)).toMatchObject({ model: 'Latitude 5450' });
  });
});
