// The index of a folder, by which Windows finds what lies in it: a tree of names in the order of the alphabet, in the folder's record and in blocks.
// Source: ntfs-3g layout.h, INDEX_ROOT, INDEX_BLOCK, INDEX_ENTRY; index.c.
import { cannotBeRead, type ImageBytes, readUInt64 } from './image-bytes.ts';
import { readAttributeList } from './ntfs-attribute-list.ts';
import { DOS_NAMESPACE, NAME_AT } from './ntfs-name.ts';
import {
  ATTRIBUTE,
  type Attribute,
  type MftRecord,
  type RecordReference,
  readReference,
  removeFixups,
} from './ntfs-record.ts';
import { dataPart, type PlacedBytes, placeBytes } from './ntfs-runs.ts';
import type { NtfsShape } from './ntfs-shape.ts';
import type { RecordTable } from './ntfs-table.ts';
import { readExtents } from './read-extents.ts';

/** A name in a folder, and the record that Windows opens by it. */
export interface IndexEntry {
  readonly record: RecordReference;
  readonly name: string;
  /** A short name that only exists for old programs; it opens the same file. */
  readonly dos: boolean;
}

/** Counted down by every index of one walk: no block belongs to two folders, so all of them together fit on the volume. */
export interface IndexBudget {
  bytesLeft: number;
}

const HAS_CHILD = 1;
const LAST = 2;
const ROOT_HEAD = 16;
const BLOCK_HEAD = 24;
const BLOCK_MAX_BYTES = 64 * 1024;
const ENTRY_HEAD = 16;
/** Much more than a folder of a million files is ever in. */
const PIECES_MAX = 10_000;

/** @returns every name of the folder with this record, or why its index cannot be followed. Faults: DISK-03, DISK-09 an attribute list that cannot be so. */
export async function readFolderIndex(
  image: ImageBytes,
  table: RecordTable,
  shape: NtfsShape,
  folder: number,
  budget: IndexBudget,
): Promise<readonly IndexEntry[] | { readonly broken: string }> {
  const attributes = await indexAttributes(image, table, shape, folder);
  const [root, second] = attributes.filter(({ type }) => type === ATTRIBUTE.indexRoot);
  if (root?.value === undefined || second !== undefined) return { broken: 'a folder without one index' };
  if (root.value.length < ROOT_HEAD + 16) return { broken: 'an index without a head' };
  const blockBytes = root.value.readUInt32LE(8);
  const blocks = blocksOf(attributes, shape);
  if ('broken' in blocks) return blocks;
  const isBlock = Number.isInteger(Math.log2(blockBytes)) && blockBytes >= 512;
  if (!isBlock || blockBytes > BLOCK_MAX_BYTES)
    return { broken: `an index in blocks of ${blockBytes} bytes` };
  const unit = shape.clusterBytes <= blockBytes ? shape.clusterBytes : 512;

  const entries: IndexEntry[] = [];
  const seen = new Set<number>();
  let node: Node | undefined = readNode(root.value, ROOT_HEAD);
  const open: number[] = [];
  for (;;) {
    if (node === undefined) return { broken: 'an index with entries that cannot be so' };
    // One by one: a node may have more entries than a call has arguments.
    for (const entry of node.entries) entries.push(entry);
    for (const child of node.children) open.push(child);
    const next = open.pop();
    if (next === undefined) return entries;
    if (seen.has(next)) return { broken: 'an index that is in itself' };
    seen.add(next);
    budget.bytesLeft -= blockBytes;
    if (budget.bytesLeft < 0) throw cannotBeRead(image, shape.where, 'indexes that fit on it', 'larger ones');
    const at = next * unit;
    if (!(at + blockBytes <= blocks.size)) return { broken: 'an index that is cut short' };
    const block = await readExtents(image, blocks.extents, at, blockBytes, shape.where);
    const torn =
      block.toString('latin1', 0, 4) !== 'INDX' ||
      removeFixups(block) !== undefined ||
      readUInt64(block, 16) !== next;
    if (torn) return { broken: 'an index with a block that is another’s' };
    node = readNode(block, BLOCK_HEAD);
  }
}

/** Of the folder's own record, or of those that its list names. */
async function indexAttributes(
  image: ImageBytes,
  table: RecordTable,
  shape: NtfsShape,
  folder: number,
): Promise<readonly Attribute[]> {
  const isIndex = (type: number) => type === ATTRIBUTE.indexRoot || type === ATTRIBUTE.indexAllocation;
  const own = await table.record(folder);
  if (own === undefined) return [];
  const list = await readAttributeList(image, own, shape);
  if (list === undefined) return own.attributes.filter(({ type }) => isIndex(type));
  const attributes: Attribute[] = [];
  for (const { type, record, instance } of list) {
    if (!isIndex(type)) continue;
    const holder: MftRecord | undefined = record.number === folder ? own : await table.record(record.number);
    const isIts =
      holder === own || (holder?.base?.number === folder && holder.base.sequence === own.sequence);
    const found = holder?.attributes.find(each => each.instance === instance && each.type === type);
    // A part that is missing shows as a hole between the others.
    if (isIts && found !== undefined) attributes.push(found);
  }
  return attributes;
}

function blocksOf(
  attributes: readonly Attribute[],
  shape: NtfsShape,
): Pick<PlacedBytes, 'size' | 'extents'> | { readonly broken: string } {
  const parts = attributes
    .filter(({ type }) => type === ATTRIBUTE.indexAllocation)
    .map(each => dataPart(each, shape));
  const whole = parts.flatMap(part => ('broken' in part ? [] : [part]));
  if (whole.length < parts.length) return { broken: 'an index whose data runs cannot be so' };
  if (parts.length === 0) return { size: 0, extents: [] };
  const placed = placeBytes(whole, shape);
  if ('broken' in placed) return { broken: `an index: ${placed.broken}` };
  return placed.extents.length > PIECES_MAX ? { broken: 'an index in too many pieces' } : placed;
}

interface Node {
  readonly entries: readonly IndexEntry[];
  /** Numbers of blocks. */
  readonly children: readonly number[];
}

/** @param head where the node's own head begins; offsets in it count from there. */
function readNode(bytes: Buffer, head: number): Node | undefined {
  const end = head + bytes.readUInt32LE(head + 4);
  if (end > bytes.length) return undefined;
  const entries: IndexEntry[] = [];
  const children: number[] = [];
  for (let at = head + bytes.readUInt32LE(head); at + ENTRY_HEAD <= end; ) {
    const length = bytes.readUInt16LE(at + 8);
    const flags = bytes.readUInt16LE(at + 12);
    const least = ENTRY_HEAD + ((flags & HAS_CHILD) === 0 ? 0 : 8);
    if (length < least || length % 8 !== 0 || at + length > end) return undefined;
    if ((flags & HAS_CHILD) !== 0) children.push(readUInt64(bytes, at + length - 8));
    if ((flags & LAST) !== 0) return { entries, children };
    const key = bytes.subarray(at + ENTRY_HEAD, at + ENTRY_HEAD + bytes.readUInt16LE(at + 10));
    const nameEnd = NAME_AT + (key[64] ?? 0) * 2;
    if (key.length < NAME_AT || nameEnd > key.length || at + ENTRY_HEAD + nameEnd > at + length)
      return undefined;
    entries.push({
      record: readReference(bytes, at),
      name: key.toString('utf16le', NAME_AT, nameEnd),
      dos: key[65] === DOS_NAMESPACE,
    });
    at += length;
  }
  return undefined;
}
