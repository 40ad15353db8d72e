// Decodes the SMBIOS table that firmware leaves for the system: who made this machine, which model it is, its serial number. Pure.
// Source: DMTF DSP0134, System Management BIOS Reference Specification 3.7, sections 6.1, 7.2 (type 1), 7.4 (type 3).

/** What the firmware says; a field is undefined when absent, empty or a vendor's filler. */
export interface SmbiosFacts {
  readonly manufacturer?: string;
  readonly model?: string;
  readonly sku?: string;
  readonly serial?: string;
  readonly assetTag?: string;
  /** Upper case with dashes, the first three fields little-endian: as Windows and ConfigMgr show it. */
  readonly uuid?: string;
}

/** One structure: its formatted area (header included) and its strings, numbered from 1. */
interface Structure {
  readonly type: number;
  readonly area: Uint8Array;
  readonly strings: readonly string[];
}

const SYSTEM = 1;
const BASEBOARD = 2;
const CHASSIS = 3;
const END_OF_TABLE = 127;

/**
 * Decodes what GetSystemFirmwareTable('RSMB') returns: `RawSMBIOSData`, an 8-byte head (method, major, minor, revision, u32 length) and the table.
 * Damaged tables give the facts up to the damage.
 */
export function decodeRawSmbios(raw: Uint8Array): SmbiosFacts {
  if (raw.length < 8) return {};
  const lengthBytes = new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getUint32(4, true);
  return decodeSmbiosTable(raw.subarray(8, 8 + lengthBytes));
}

/** Decodes the bare structure table, as Linux shows it in /sys/firmware/dmi/tables/DMI. */
export function decodeSmbiosTable(table: Uint8Array): SmbiosFacts {
  const structures = [...structuresOf(table)];
  const ofType = (type: number): Structure | undefined =>
    structures.find(structure => structure.type === type);
  const system = ofType(SYSTEM);
  const board = ofType(BASEBOARD);
  const chassis = ofType(CHASSIS);
  return {
    manufacturer: stringAt(system, 0x04) ?? stringAt(board, 0x04),
    model: stringAt(system, 0x05) ?? stringAt(board, 0x05),
    serial: stringAt(system, 0x07) ?? stringAt(chassis, 0x07),
    sku: stringAt(system, 0x19),
    assetTag: stringAt(chassis, 0x08),
    uuid: uuidOf(system),
  };
}

function* structuresOf(table: Uint8Array): Generator<Structure> {
  for (let at = 0; at + 4 <= table.length; ) {
    const type = table[at]!;
    const areaBytes = table[at + 1]!;
    if (areaBytes < 4 || at + areaBytes > table.length) return;
    const end = endOfStrings(table, at + areaBytes);
    if (end === undefined) return;
    yield {
      type,
      area: table.subarray(at, at + areaBytes),
      strings: splitStrings(table.subarray(at + areaBytes, end - 2)),
    };
    if (type === END_OF_TABLE) return;
    at = end;
  }
}

/** The strings end with two NULs, also when there are none. */
function endOfStrings(table: Uint8Array, from: number): number | undefined {
  for (let at = from; at + 1 < table.length; at += 1) {
    if (table[at] === 0 && table[at + 1] === 0) return at + 2;
  }
  return undefined;
}

function splitStrings(bytes: Uint8Array): readonly string[] {
  return bytes.length === 0 ? [] : Buffer.from(bytes).toString('latin1').split('\0');
}

function stringAt(structure: Structure | undefined, offset: number): string | undefined {
  const number = structure?.area[offset] ?? 0;
  const text = number === 0 ? undefined : structure?.strings[number - 1]?.trim();
  return text === undefined || isFiller(text) ? undefined : text;
}

// What vendors leave in when they do not fill a field; a condition on the model must not match all of them.
const FILLERS: ReadonlySet<string> = new Set([
  '',
  '0',
  'none',
  'n/a',
  'na',
  'oem',
  'o.e.m.',
  'unknown',
  'invalid',
  'empty',
  'default string',
  'not specified',
  'not applicable',
  'not available',
  'not settable',
  'no asset tag',
  'no asset information',
  'asset tag',
  'system manufacturer',
  'system product name',
  'system serial number',
  'system sku',
  'system version',
  'chassis serial number',
  'base board serial number',
  'chassis asset tag',
  'sku',
  '123456789',
  '0123456789',
  '1234567890',
]);

function isFiller(text: string): boolean {
  const lower = text.toLowerCase();
  return (
    FILLERS.has(lower) ||
    /^to be filled( by o\.?e\.?m\.?)?$/.test(lower) ||
    /^(.)\1{3,}$/.test(lower) ||
    /^asset-1234567890$/.test(lower)
  );
}

function uuidOf(system: Structure | undefined): string | undefined {
  const bytes = system?.area.subarray(0x08, 0x18);
  if (!bytes || bytes.length < 16) return undefined;
  // All ones: not present but settable. All zeroes: not present. DSP0134 7.2.1.
  if (bytes.every(byte => byte === 0xff) || bytes.every(byte => byte === 0)) return undefined;
  const hex = (...order: readonly number[]): string =>
    order.map(index => bytes[index]!.toString(16).padStart(2, '0')).join('');
  const parts = [hex(3, 2, 1, 0), hex(5, 4), hex(7, 6), hex(8, 9), hex(10, 11, 12, 13, 14, 15)];
  return parts.join('-').toUpperCase();
}
