// What one pass through the master file table keeps of it: of each file and folder its names, its bytes' places, and nothing else.
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { type ListedAttribute, readAttributeList } from './ntfs-attribute-list.ts';
import { DOS_NAMESPACE, NAME_AT } from './ntfs-name.ts';
import { ROOT_RECORD } from './ntfs-paths.ts';
import {
  ATTRIBUTE,
  type Attribute,
  type MftRecord,
  type RecordReference,
  readReference,
} from './ntfs-record.ts';
import { type DataPart, dataPart } from './ntfs-runs.ts';
import type { NtfsShape } from './ntfs-shape.ts';
import type { RecordTable } from './ntfs-table.ts';

/** One name of a file, in one folder. A file has as many as it has hard links. */
export interface FileName {
  readonly parent: RecordReference;
  readonly name: string;
}

/** The unnamed data: in the record itself, somewhere on the volume, or not to be had. */
export type DataPiece = { readonly inline: Uint8Array } | DataPart | { readonly broken: string };

/** An attribute that counts here, by its number in its record. */
export interface Piece {
  readonly record: number;
  readonly instance: number;
  readonly name?: FileName;
  readonly data?: DataPiece;
  /** The tag of a reparse point. */
  readonly reparse?: number;
}

export interface Scanned {
  readonly sequence: number;
  readonly folder: boolean;
  /** From all the records that belong to it. */
  readonly pieces: readonly Piece[];
  /** Whether one of these records is missing. */
  readonly lost: boolean;
}

interface BaseRecord extends Omit<Scanned, 'lost'> {
  readonly list?: readonly ListedAttribute[];
}

interface Extension {
  readonly base: RecordReference;
  readonly pieces: readonly Piece[];
}

/** Enough for every Windows; a hundred bytes and more are kept of each. */
const FILES_MAX = 4_000_000;
/** Pieces of all files together; a record of one kilobyte can name some hundred. */
const RUNS_MAX = 8_000_000;

/** @returns what is in use, by record number. Faults: DISK-03, DISK-09. */
export async function scanTable(
  image: ImageBytes,
  table: RecordTable,
  shape: NtfsShape,
): Promise<ReadonlyMap<number, Scanned>> {
  const bases = new Map<number, BaseRecord>();
  const extensions = new Map<number, Extension>();
  let runsLeft = RUNS_MAX;
  for await (const record of table.records()) {
    const pieces = record.attributes
      .map(attribute => pieceOf(image, record, attribute, shape))
      .filter(piece => piece !== undefined);
    for (const { data } of pieces) if (data !== undefined && 'runs' in data) runsLeft -= data.runs.length;
    if (runsLeft < 0)
      throw cannotBeRead(image, shape.where, `files in at most ${RUNS_MAX} pieces`, 'in more');
    if (record.base !== undefined) {
      extensions.set(record.number, { base: record.base, pieces });
      continue;
    }
    // The table's own list was followed to read it.
    const list = record.number === 0 ? undefined : await readAttributeList(image, record, shape);
    const { sequence, folder } = record;
    bases.set(record.number, {
      sequence,
      folder,
      pieces,
      ...(list && { list: list.filter(entry => isKept(entry.type, entry.named)) }),
    });
    if (bases.size + extensions.size > FILES_MAX)
      throw cannotBeRead(image, shape.where, `at most ${FILES_MAX} files`, 'more');
  }
  const files = new Map<number, Scanned>();
  for (const [number, base] of bases) {
    const { sequence, folder } = base;
    files.set(number, { sequence, folder, ...gather(number, base, extensions) });
  }
  return files;
}

/** With a list of attributes only what it names belongs to the file. */
function gather(
  number: number,
  base: BaseRecord,
  extensions: ReadonlyMap<number, Extension>,
): Pick<Scanned, 'pieces' | 'lost'> {
  if (base.list === undefined) return { pieces: base.pieces, lost: false };
  const pieces: Piece[] = [];
  let lost = false;
  for (const { record, instance, type } of base.list) {
    const extension = extensions.get(record.number);
    const isIts = extension?.base.number === number && extension.base.sequence === base.sequence;
    const held = record.number === number ? base.pieces : isIts ? extension.pieces : [];
    const piece = held.find(each => each.instance === instance);
    if (piece !== undefined && typeOf(piece) === type) pieces.push(piece);
    // Short names were left out on purpose.
    else lost ||= type !== ATTRIBUTE.fileName;
  }
  return { pieces, lost };
}

function typeOf({ name, data }: Piece): number {
  if (name !== undefined) return ATTRIBUTE.fileName;
  return data === undefined ? ATTRIBUTE.reparsePoint : ATTRIBUTE.data;
}

function isKept(type: number, named: boolean): boolean {
  return (
    type === ATTRIBUTE.fileName || type === ATTRIBUTE.reparsePoint || (type === ATTRIBUTE.data && !named)
  );
}

function pieceOf(
  image: ImageBytes,
  record: MftRecord,
  attribute: Attribute,
  shape: NtfsShape,
): Piece | undefined {
  if (!isKept(attribute.type, attribute.named)) return undefined;
  const piece = { record: record.number, instance: attribute.instance };
  if (attribute.type === ATTRIBUTE.data) return { ...piece, data: dataOf(attribute, shape) };
  if (attribute.type === ATTRIBUTE.reparsePoint)
    return {
      ...piece,
      reparse: attribute.value?.length
        ? attribute.value.readUIntLE(0, Math.min(4, attribute.value.length))
        : 0,
    };
  const name = nameOf(image, record, attribute, shape);
  return name === undefined ? undefined : { ...piece, name };
}

function dataOf(attribute: Attribute, shape: NtfsShape): DataPiece {
  if (attribute.value === undefined) return dataPart(attribute, shape);
  // A copy: the record's bytes are given up.
  return { inline: Buffer.from(attribute.value) };
}

function nameOf(
  image: ImageBytes,
  record: MftRecord,
  { value }: Attribute,
  shape: NtfsShape,
): FileName | undefined {
  const bad = (expected: string, found: string) =>
    cannotBeRead(image, `${shape.where}, record ${record.number}`, expected, found);
  if (value === undefined || value.length < NAME_AT) throw bad('a file name', 'none');
  if (value[65] === DOS_NAMESPACE) return undefined;
  const end = NAME_AT + (value[64] ?? 0) * 2;
  if (end > value.length) throw bad('a file name inside its record', `one of ${value[64]} characters`);
  const name = value.toString('utf16le', NAME_AT, end);
  const isRoot = name === '.' && record.number === ROOT_RECORD;
  if (name === '' || (name === '.' && !isRoot) || name === '..' || /[\0/\\]/.test(name))
    throw bad('a name of a file', JSON.stringify(name));
  return { parent: readReference(value, 0), name };
}
