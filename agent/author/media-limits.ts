// What would make a media useless or impossible, found before anything is built: images, architectures, FAT32, free room.
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../content/manifest.ts';
import { asFault, Fault } from '../fault/fault.ts';
import { programMachine } from '../machine/pe-machine.ts';
import { osImageFile } from '../media/os-image-file.ts';
import { describeWim, imageOf, type WimDescription } from '../wim/read-wim.ts';
import { readManifest } from './media-tree.ts';
import { onPoint } from './published-content.ts';
import type { MediaSelection } from './select-content.ts';

/** The largest file that FAT32 can hold: its size is a 32-bit number. Microsoft, "FAT32 File System Specification". */
export const FAT32_FILE_MAX_BYTES = 0xffff_ffff;

/** Windows' format command makes no larger FAT32 volume. */
export const ESP_MAX_BYTES = 32 * 1024 ** 3;

export interface LimitsRequest {
  /** The distribution point folder. */
  readonly point: string;
  readonly selection: MediaSelection;
  /** The agent's executable. */
  readonly agent: string | undefined;
  /** The WIM to make. */
  readonly wim: string;
}

/** @returns what is not forbidden but should be known. Faults: IMAGE-03, IMAGE-09, DISK-07, DISK-01; CONTENT-08, TRUST-* for a manifest. */
export async function checkLimits(request: LimitsRequest): Promise<readonly string[]> {
  const { point, selection } = request;
  const boot = selection.bootImage && (await readManifest(point, selection.bootImage)).manifest;
  if (boot !== undefined) requireFat32(boot);
  await requireRoom(request);
  const warnings: string[] = [];
  const told = (image: string, text: string): undefined => {
    warnings.push(`${image}: ${text}`);
    return undefined;
  };
  const os = await osArchitecture(point, selection, told);
  const pe = boot && (await bootArchitecture(point, boot, told));
  await requireOneArchitecture(
    [
      { what: `OS image ${selection.osImage.id}`, is: os },
      { what: `boot image ${boot?.id}`, is: pe },
    ],
    request.agent,
  );
  return warnings;
}

/** Pure. Fault: DISK-07. */
export function requireFat32({ id, files }: Pick<ContentManifest, 'id' | 'files'>): void {
  const large = files.find(({ size }) => size > FAT32_FILE_MAX_BYTES);
  if (large !== undefined)
    throw new Fault('DISK-07', `${id} ${large.path}`, {
      expected: `at most ${FAT32_FILE_MAX_BYTES} bytes`,
      found: large.size,
    });
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > ESP_MAX_BYTES)
    throw new Fault('DISK-07', id, { expected: `at most ${ESP_MAX_BYTES} bytes in all`, found: total });
}

type Told = (image: string, text: string) => undefined;

type Architecture = 'x86' | 'x64' | 'arm64';

async function osArchitecture(
  point: string,
  { osImage, content }: MediaSelection,
  told: Told,
): Promise<Architecture | undefined> {
  const reference = content.find(({ id }) => id === osImage.id);
  if (reference === undefined) return undefined;
  const { manifest } = await readManifest(point, reference);
  const file = osImageFile(manifest);
  const wim = await describe(point, manifest, file);
  const subject = `${osImage.id} ${file.path}`;
  if (wim === undefined) return told(subject, 'is not readable as a WIM.');
  if (wim.images[osImage.index - 1] === undefined)
    throw new Fault('IMAGE-03', subject, {
      expected: wim.images.map(({ index, name }) => `${index} ${name}`),
      found: osImage.index,
    });
  return architectureOf(wim, osImage.index, subject, told);
}

async function bootArchitecture(
  point: string,
  manifest: ContentManifest,
  told: Told,
): Promise<Architecture | undefined> {
  const file = manifest.files.find(({ path: name }) => name.toLowerCase() === 'sources/boot.wim');
  if (file === undefined) return undefined; // What the boot image lacks is told where all of it is looked at.
  const wim = await describe(point, manifest, file);
  const subject = `${manifest.id} ${file.path}`;
  if (wim === undefined) return told(subject, 'is not readable as a WIM.');
  if (wim.header.bootIndex === 0)
    told(subject, 'has no image that is marked bootable: Windows PE does not start.');
  return architectureOf(wim, wim.header.bootIndex || 1, subject, told);
}

function architectureOf(
  wim: WimDescription,
  index: number,
  subject: string,
  told: Told,
): Architecture | undefined {
  const { architecture } = imageOf(wim, index, subject);
  if (architecture === undefined || architecture === 'unknown')
    return told(subject, `does not say for which processor image ${index} is.`);
  return architecture;
}

/** @returns undefined for what is no sound WIM: whether its bytes are those that were published is judged where they are laid. */
async function describe(
  point: string,
  { id, version }: Pick<ContentManifest, 'id' | 'version'>,
  file: ManifestFile,
): Promise<WimDescription | undefined> {
  try {
    return await describeWim(onPoint(point, onDistributionPoint.file(id, version, file.path)));
  } catch (thrown) {
    if (['IMAGE-01', 'IMAGE-02', 'USAGE-08'].includes(asFault(thrown).code)) return undefined;
    throw thrown;
  }
}

/** Windows PE has no layer for programs of another processor, and Setup does not prepare a Windows of another. Fault: IMAGE-09. */
async function requireOneArchitecture(
  images: readonly { readonly what: string; readonly is: Architecture | undefined }[],
  agent: string | undefined,
): Promise<void> {
  const program = agent === undefined ? undefined : await programMachine(agent);
  const known = [...images, { what: `agent ${agent}`, is: program === 'any' ? undefined : program }].filter(
    each => each.is !== undefined,
  );
  const [first] = known;
  const other = known.find(each => each.is !== first?.is);
  if (first === undefined || other === undefined) return;
  throw new Fault('IMAGE-09', other.what, {
    expected: `${first.is}, as ${first.what}`,
    found: other.is,
  });
}

/** Images are compressed already; of other files a WIM may make half. Too low an estimate only means that the fault comes later. */
const COMPRESSED_SHARE = 0.5;

async function requireRoom({ point, selection, wim }: LimitsRequest): Promise<void> {
  const items = [...selection.content, ...(selection.bootImage === undefined ? [] : [selection.bootImage])];
  const folder = await nearestFolder(path.dirname(wim));
  // Content gets second names where the distribution point lies on the same file system, and is copied elsewhere.
  const isLinked = (await stat(folder)).dev === (await stat(point)).dev;
  const needed = items.reduce((sum, item) => sum + wimBytes(item) + (isLinked ? 0 : item.totalBytes), 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize)
    throw new Fault('DISK-01', folder, {
      expected: `${Math.ceil(needed)} bytes free${isLinked ? '' : ', for the WIM and a copy of its content'}`,
      found: bavail * bsize,
    });
}

function wimBytes({ type, totalBytes }: ContentReference): number {
  return type === 'os-image' || type === 'boot-image' ? totalBytes : totalBytes * COMPRESSED_SHARE;
}

/** The folder of the WIM is made when it is absent. */
async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (found !== undefined || path.dirname(folder) === folder) return folder;
  return nearestFolder(path.dirname(folder));
}
