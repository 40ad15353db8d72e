// What really lies in the cache for one item: proven by digest, told in one of four words, with the bytes that need not be fetched.
import type { CacheLayout } from '../content/layout.ts';
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import type { JobAdvance, WorkerPool } from '../content/worker-pool.ts';
import { type CheckedFile, checkFiles, type ReadIndex } from './check-files.ts';
import { countBytes } from './count-bytes.ts';
import type { FileSurvey, ItemSurvey, Outcome } from './item-survey.ts';
import { badBytesOf } from './local-bytes.ts';
import { extrasOf, isFolder } from './look.ts';

export type { BadRange, FileSurvey, ItemSurvey, Outcome } from './item-survey.ts';

export interface SurveyRequest {
  /** What policy wants. */
  readonly reference: ContentReference;
  /** Verified against `reference`. */
  readonly manifest: ContentManifest;
  /** What the item's folder was laid for, by the media or by the last run; undefined when nothing is known of it. */
  readonly local?:
    | {
        readonly reference: Pick<ContentReference, 'digest'>;
        readonly manifest: ContentManifest;
        /** What an earlier look in this run has proven of it: then it is not read again. */
        readonly known?: readonly CheckedFile[];
      }
    | undefined;
  readonly layout: Pick<CacheLayout, 'item' | 'staging' | 'retired'>;
  readonly pool: WorkerPool;
  /** Without the new version's index, its files count as reusable only whole. */
  readonly readIndex: ReadIndex;
  readonly signal?: AbortSignal | undefined;
  /** Told of `manifest`'s bytes in all, each once. */
  readonly advance?: JobAdvance | undefined;
}

/** An item as found, with what else its folders prove. */
export interface ItemLook {
  readonly survey: Omit<ItemSurvey, 'reusableBytes' | 'fetchBytes'>;
  /** The files that are wanted, in the item's own place. */
  readonly wanted: readonly CheckedFile[];
  /** Other versions of the item: what lies in its place, and what earlier attempts and swaps have left. Not looked at for a present item. */
  readonly others: readonly CheckedFile[];
  /** All of it is to be fetched, whatever lies here. */
  readonly reusesNothing?: true;
}

/** What lies in its own folders counts as reusable. Reads, never writes. Fault: STOP-01. */
export async function surveyItem(request: SurveyRequest): Promise<ItemSurvey> {
  const [survey] = countBytes([await lookAtItem(request)]);
  if (survey === undefined) throw new Error('each look gives one survey');
  return survey;
}

/** Reads, never writes. `countBytes` says what of it need not be fetched. Fault: STOP-01. */
export async function lookAtItem(request: SurveyRequest): Promise<ItemLook> {
  const { reference, manifest, layout, pool, readIndex, signal, advance } = request;
  const folder = layout.item(reference.id);
  const wanted = await checkFiles({ folder, files: manifest.files, pool, readIndex, signal, advance });
  const paths = manifest.files.map(file => file.path);
  const extra = await extrasOf(folder, paths);
  const outcome = outcomeOf(request, wanted, extra);
  const totalBytes = manifest.files.reduce((sum, file) => sum + file.size, 0);
  return {
    survey: {
      id: reference.id,
      version: reference.version,
      digest: reference.digest,
      outcome,
      totalBytes,
      presentBytes: presentBytesOf(outcome, totalBytes, wanted),
      files: wanted.map(toSurvey),
      extra,
    },
    wanted,
    others: outcome === 'present' ? [] : await otherVersions(request, wanted),
  };
}

function outcomeOf(
  { reference, local }: SurveyRequest,
  wanted: readonly CheckedFile[],
  extra: readonly string[],
): Outcome {
  if (wanted.every(file => file.state === 'present')) return 'present';
  const someWanted = wanted.some(file => file.state !== 'missing');
  if (local?.reference.digest === reference.digest) return someWanted ? 'damaged' : 'missing';
  return someWanted || extra.length > 0 ? 'changed' : 'missing';
}

/** An item that is mended in place keeps its sound bytes; one that is staged anew starts from nothing, and what lies there is a seed. */
function presentBytesOf(outcome: Outcome, totalBytes: number, wanted: readonly CheckedFile[]): number {
  if (outcome === 'present') return totalBytes;
  if (outcome !== 'damaged') return 0;
  return wanted.reduce((sum, file) => sum + file.sizeBytes - badBytesOf(file), 0);
}

/** Everything of this item besides what is wanted: the version that its folder was laid for, and the leftovers of a cut swap. */
async function otherVersions(
  request: SurveyRequest,
  wanted: readonly CheckedFile[],
): Promise<readonly CheckedFile[]> {
  const { reference, manifest, local, layout } = request;
  const checked: CheckedFile[] = [];
  const other = local?.reference.digest === reference.digest ? undefined : local?.manifest;
  if (other !== undefined) {
    const proven = new Set(
      wanted.filter(file => file.state === 'present').map(file => `${file.path}\n${file.sha256}`),
    );
    const unproven = other.files.filter(file => !proven.has(`${file.path}\n${file.sha256}`));
    checked.push(...(local?.known ?? (await seedsIn(request, layout.item(reference.id), unproven))));
  }
  checked.push(
    ...(await seedsIn(request, layout.staging(reference.id, reference.version), manifest.files)),
    ...(await seedsIn(request, layout.retired(reference.id), (other ?? manifest).files)),
  );
  return checked;
}

/** What of `files` a folder of seeds proves; a folder that is not there costs nothing. */
async function seedsIn(
  request: SurveyRequest,
  folder: string,
  files: ContentManifest['files'],
): Promise<readonly CheckedFile[]> {
  const { pool, readIndex, signal } = request;
  return isFolder(folder) ? checkFiles({ folder, files, pool, readIndex, signal }) : [];
}

function toSurvey({ path, sizeBytes, state, foundSizeBytes, badRanges }: CheckedFile): FileSurvey {
  return { path, sizeBytes, state, ...(foundSizeBytes === undefined ? {} : { foundSizeBytes }), badRanges };
}
