// What would make a media useless or impossible, found before anything is built: images, architectures, FAT32, free room.
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../content/manifest.ts';
import { asFault, Fault } from '../fault/fault.ts';
import { type ProgramMachine, programMachine } from '../machine/pe-machine.ts';
import { osImageFile } from '../media/os-image-file.ts';
import type { WimImage } from '../wim/images.ts';
import { describeWim, imageOf, type WimDescription } from '../wim/read-wim.ts';
import { requireFat32Sizes } from './fat32-limit.ts';
import { readManifest, requireFile } from './media-tree.ts';
import { onPoint } from './published-content.ts';
import type { MediaSelection } from './select-content.ts';

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

export interface CheckedLimits {
  /** What is not forbidden but should be known. */
  readonly warnings: readonly string[];
  /** The image that is deployed; undefined where its WIM is not readable. */
  readonly osImage?: WimImage;
}

/** Faults: USAGE-08 for the agent, IMAGE-03, IMAGE-09, DISK-07, DISK-01; CONTENT-08, TRUST-* for a manifest. */
export async function checkLimits(request: LimitsRequest): Promise<CheckedLimits> {
  const { point, selection } = request;
  const boot = selection.bootImage && (await readManifest(point, selection.bootImage)).manifest;
  if (boot !== undefined) requireFat32(boot);
  const warnings: string[] = [];
  const program = request.agent === undefined ? undefined : await requireAgent(request.agent, warnings);
  await requireRoom(request);
  const told = (image: string, text: string): undefined => {
    warnings.push(`${image}: ${text}`);
    return undefined;
  };
  const osImage = await readOsImage(point, selection, told);
  const os = osImage && architectureOf(osImage, `OS image ${selection.osImage.id}`, told);
  const pe = boot && (await bootArchitecture(point, boot, told));
  requireOneArchitecture([
    { what: `OS image ${selection.osImage.id}`, is: os },
    { what: `boot image ${boot?.id}`, is: pe },
    { what: `agent ${request.agent}`, is: program === 'any' ? undefined : program },
  ]);
  return { warnings, ...(osImage && { osImage }) };
}

/** Pure. Fault: DISK-07. */
export function requireFat32({
  id,
  files,
}: {
  readonly id: string;
  readonly files: readonly Pick<ManifestFile, 'path' | 'size'>[];
}): void {
  requireFat32Sizes(files.map(({ path: file, size }) => ({ path: `${id} ${file}`, size })));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > ESP_MAX_BYTES)
    throw new Fault('DISK-07', id, { expected: `at most ${ESP_MAX_BYTES} bytes in all`, found: total });
}

type Told = (image: string, text: string) => undefined;

type Architecture = 'x86' | 'x64' | 'arm64';

async function readOsImage(
  point: string,
  { osImage, content }: MediaSelection,
  told: Told,
): Promise<WimImage | undefined> {
  const reference = content.find(({ id }) => id === osImage.id);
  if (reference === undefined) return undefined;
  const { manifest } = await readManifest(point, reference);
  const file = osImageFile(manifest);
  const wim = await describe(point, manifest, file);
  const subject = `${osImage.id} ${file.path}`;
  if (wim === undefined) return told(subject, 'is not readable as a WIM.');
  const image = wim.images[osImage.index - 1];
  if (image === undefined)
    throw new Fault('IMAGE-03', subject, {
      expected: wim.images.map(({ index, name }) => `${index} ${name}`),
      found: osImage.index,
    });
  return image;
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
  return architectureOf(imageOf(wim, wim.header.bootIndex || 1, subject), subject, told);
}

function architectureOf(
  { index, architecture }: WimImage,
  subject: string,
  told: Told,
): Architecture | undefined {
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

/** @returns for which processor it is; undefined for what only a rehearsal on another system can start. Fault: USAGE-08. */
async function requireAgent(agent: string, warnings: string[]): Promise<ProgramMachine | undefined> {
  await requireFile(agent, 'USAGE-08');
  const machine = await programMachine(agent);
  if (machine === undefined && agent.toLowerCase().endsWith('.exe'))
    throw new Fault('USAGE-08', agent, { expected: 'a Windows program', found: 'no PE file' });
  if (machine === undefined)
    warnings.push(`${agent} is no Windows program: this media is for rehearsals only.`);
  return machine;
}

/** Windows PE has no layer for programs of another processor, and Setup does not prepare a Windows of another. Fault: IMAGE-09. */
function requireOneArchitecture(
  parts: readonly { readonly what: string; readonly is: ProgramMachine | undefined }[],
): void {
  const known = parts.filter(each => each.is !== undefined);
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
