// An NTFS volume: every file by path, from one pass through the master file table, in which each record names its folder itself, and from the
// indexes of the folders, by which Windows finds it. Both must agree. Sources: ntfs-3g layout.h; Linux-NTFS documentation.
import type { ImageFile, ImageVolume } from './disk-image.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { imageKey } from './image-key.ts';
import { FIRST_USER_RECORD, folderPaths } from './ntfs-paths.ts';
import { ATTRIBUTE } from './ntfs-record.ts';
import { placeBytes } from './ntfs-runs.ts';
import { type DataPiece, type Piece, type Scanned, scanTable } from './ntfs-scan.ts';
import { requireSettled } from './ntfs-settled.ts';
import { type NtfsShape, readNtfsShape } from './ntfs-shape.ts';
import { openRecordTable, type RecordTable } from './ntfs-table.ts';
import { walkIndexes } from './ntfs-walk.ts';
import type { Partition } from './partitions.ts';

/** $Volume. */
const VOLUME_RECORD = 3;
/** Half a gigabyte of text: the paths of some millions of files. */
const PATH_UNITS_MAX = 256 * 1024 * 1024;

/** @returns undefined where the partition has another file system. Faults: DISK-03, DISK-09. */
export async function openNtfsVolume(
  image: ImageBytes,
  partition: Partition,
): Promise<ImageVolume | undefined> {
  const shape = await readNtfsShape(image, partition);
  if (shape === undefined) return undefined;
  const table = await openRecordTable(image, shape);
  let files: ReturnType<ImageVolume['files']> | undefined;
  return {
    kind: 'ntfs',
    label: await labelOf(table),
    partition: partition.number,
    files() {
      files ??= readFiles(image, table, shape);
      return files;
    },
  };
}

async function labelOf(table: RecordTable): Promise<string> {
  const record = await table.record(VOLUME_RECORD);
  const name = record?.attributes.find(attribute => attribute.type === ATTRIBUTE.volumeName)?.value;
  return name?.toString('utf16le') ?? '';
}

async function readFiles(
  image: ImageBytes,
  table: RecordTable,
  shape: NtfsShape,
): Promise<ReadonlyMap<string, ImageFile>> {
  await requireSettled(image, table, shape);
  const records = await scanTable(image, table, shape);
  const found = assemble(image, records, shape);
  const indexed = await walkIndexes(image, table, records, shape);
  const files = new Map<string, ImageFile>();
  for (const [key, { file, record }] of found) {
    const way = indexed.get(key);
    const why =
      way === undefined
        ? 'it is not in the index of its folder'
        : (way.doubt ?? (way.record === record ? undefined : 'the index of its folder tells another file'));
    files.set(key, why === undefined || file.unreadable !== undefined ? file : doubtful(file.path, why));
  }
  for (const [key, { path, doubt }] of indexed)
    if (!files.has(key)) files.set(key, doubtful(path, doubt ?? 'only the index of its folder tells of it'));
  return files;
}

function doubtful(path: string, unreadable: string): ImageFile {
  return { path, size: 0, extents: [], unreadable };
}

interface Found {
  readonly file: ImageFile;
  readonly record: number;
}

function assemble(
  image: ImageBytes,
  files: ReadonlyMap<number, Scanned>,
  shape: NtfsShape,
): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  const pathOfFolder = folderPaths(files);
  let clustersLeft = shape.clusterCount;
  let unitsLeft = PATH_UNITS_MAX;
  for (const [number, file] of files) {
    if (number < FIRST_USER_RECORD) continue;
    const { pieces, lost } = file;
    const reparse = pieces.find(piece => piece.reparse !== undefined)?.reparse;
    // Of a folder only a link is told: it stands where files are expected.
    if (file.folder && reparse === undefined) continue;
    const content = reparse === undefined ? contentOf(pieces, lost, shape) : { broken: linkText(reparse) };
    if ('clusters' in content) {
      // No cluster belongs to two files: all files together have at most the volume's.
      clustersLeft -= content.clusters;
      if (clustersLeft < 0)
        throw cannotBeRead(
          image,
          shape.where,
          'clusters that belong to one file each',
          `shared ones at record ${number}`,
        );
    }
    for (const { name } of pieces) {
      const folder = name && pathOfFolder(name.parent);
      if (name === undefined || folder === undefined) continue;
      const path = folder + name.name;
      unitsLeft -= path.length;
      if (unitsLeft < 0) throw cannotBeRead(image, shape.where, 'paths that can be held', 'longer ones');
      const key = imageKey(path);
      const file = imageFile(path, content);
      found.set(key, {
        file: found.has(key) ? { ...file, unreadable: 'two files of one name' } : file,
        record: number,
      });
    }
  }
  return found;
}

type Content =
  | { readonly inline: Uint8Array }
  | { readonly size: number; readonly extents: ImageFile['extents']; readonly clusters: number }
  | { readonly broken: string };

function contentOf(pieces: readonly Piece[], lost: boolean, shape: NtfsShape): Content {
  if (lost) return { broken: 'one of its records is missing' };
  const whole: Exclude<DataPiece, { broken: string }>[] = [];
  for (const { data } of pieces) {
    if (data === undefined) continue;
    if ('broken' in data) return data;
    whole.push(data);
  }
  const [first, second] = whole;
  if (first !== undefined && 'inline' in first)
    return second === undefined ? first : { broken: 'it has its data twice' };
  const parts = whole.flatMap(data => ('inline' in data ? [] : [data]));
  if (parts.length < whole.length || parts.filter(part => part.lowest === 0).length > 1)
    return { broken: 'it has its data twice' };
  return parts.length === 0 ? { broken: 'it has no data' } : placeBytes(parts, shape);
}

function imageFile(path: string, content: Content): ImageFile {
  if ('broken' in content) return { path, size: 0, extents: [], unreadable: content.broken };
  if ('inline' in content) return { path, size: content.inline.length, extents: [], inline: content.inline };
  return { path, size: content.size, extents: content.extents };
}

/** Tags that say more than "a link" (MS-FSCC 2.1.2.1). */
const LINKS: ReadonlyMap<number, string> = new Map([
  [0xa0000003, 'a junction'],
  [0xa000000c, 'a symbolic link'],
  [0x80000017, 'compressed by Windows (WOF)'],
  [0x80000013, 'deduplicated by Windows'],
]);

function linkText(tag: number): string {
  return LINKS.get(tag) ?? `a reparse point (${tag.toString(16).padStart(8, '0')})`;
}
