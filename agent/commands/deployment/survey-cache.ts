// Surveys items of the cache with their manifests at hand and turns the findings into rows of the content table.
import pLimit from 'p-limit';
import type { ContentManifest, ContentReference, ManifestFile } from '../../content/manifest.ts';
import { type ChunkIndexes, openChunkIndexes } from '../../distribution/chunk-indexes.ts';
import { openSourceChoice } from '../../distribution/source-choice.ts';
import { Fault } from '../../fault/fault.ts';
import type { PlannedItem } from '../../plan/plan.ts';
import type { CheckedFile } from '../../survey/check-files.ts';
import { readChunkIndex } from '../../survey/chunk-indexes.ts';
import { claimedFiles } from '../../survey/claimed-files.ts';
import { countBytes } from '../../survey/count-bytes.ts';
import { type ItemLook, type ItemSurvey, lookAtItem } from '../../survey/survey-content.ts';
import type { RunContext } from './run-context.ts';
import { vouchedItems, vouchedMedia } from './vouched-content.ts';

/** Looks at what lies in the cache against the manifest that the media laid for it. */
export async function surveyCached(context: RunContext, reference: ContentReference): Promise<ItemSurvey> {
  const [survey] = countBytes([await lookAtCached(context, reference)]);
  if (survey === undefined) throw new Error('each look gives one survey');
  return survey;
}

/** The same look, to be counted with others. */
export async function lookAtCached(context: RunContext, reference: ContentReference): Promise<ItemLook> {
  return await look(context, reference, reference, undefined);
}

export interface WantedSurvey {
  /** Which version of each item lies in the cache. */
  readonly cached: ReadonlyMap<string, ContentReference>;
  /** The look at the staged OS image that was taken already. */
  readonly image: ItemLook;
  /** Of an item for which this holds nothing of another version is used. */
  isWhole(reference: ContentReference): boolean;
}

/** Looks at the items against the manifests that policy wants. @returns one row for each, in the order in which they will be made whole. */
export async function surveyWanted(
  context: RunContext,
  references: readonly ContentReference[],
  wanted: WantedSurvey,
): Promise<readonly PlannedItem[]> {
  const looks: ItemLook[] = [];
  const indexBytes = await learnAll(context, references, wanted);
  for (const reference of references) looks.push(await lookAtWanted(context, reference, wanted));
  const surveys = countBytes(looks, await heldElsewhere(context, references, looks));
  return references.map((reference, at) => rowOf(reference, wanted, surveys[at], indexBytes[at]));
}

function rowOf(
  reference: ContentReference,
  wanted: WantedSurvey,
  survey: ItemSurvey | undefined,
  indexBytes = 0,
): PlannedItem {
  if (survey === undefined) throw new Error(`nobody looked at ${reference.id}`);
  const cached = wanted.cached.get(reference.id);
  return {
    reference,
    outcome: survey.outcome,
    presentBytes: survey.presentBytes,
    reusableBytes: survey.reusableBytes,
    fetchBytes: survey.fetchBytes,
    ...(indexBytes === 0 ? {} : { indexBytes }),
    ...(cached === undefined ? {} : { cachedVersion: cached.version, cachedDigest: cached.digest }),
    ...(refusesOthers(reference, wanted) ? { whole: true } : {}),
  };
}

/** Another version lies here, and policy wants nothing of it. */
function refusesOthers(reference: ContentReference, { cached, isWhole }: WantedSurvey): boolean {
  const there = cached.get(reference.id);
  return there !== undefined && there.digest !== reference.digest && isWhole(reference);
}

/** Chunk indexes of every version that does not lie here: only they can tell how much of it is on the machine already. @returns the bytes fetched for each. */
async function learnAll(
  context: RunContext,
  references: readonly ContentReference[],
  wanted: WantedSurvey,
): Promise<readonly number[]> {
  const limit = pLimit(context.settings.transfer.connections);
  return await Promise.all(
    references.map(reference =>
      wanted.cached.get(reference.id)?.digest === reference.digest || refusesOthers(reference, wanted)
        ? 0
        : limit(() => learnChunks(context, reference, wanted.cached.get(reference.id))),
    ),
  );
}

async function learnChunks(
  context: RunContext,
  reference: ContentReference,
  cached: ContentReference | undefined,
): Promise<number> {
  const { layout, manifests, sources, health, settings, composition } = context;
  const { durable, signal } = composition;
  let indexes: ChunkIndexes | undefined;
  try {
    const manifest = await manifests.manifest(reference);
    indexes = openChunkIndexes(reference, manifest, {
      older: await localManifestOf(context, cached),
      layout,
      durable,
      choice: openSourceChoice(reference.id, sources, health),
      settings: settings.transfer,
      signal,
    });
    await indexes.all(manifest.files).finally(() => indexes?.end());
  } catch (thrown) {
    // Not to be had now: the plan then counts those files as to be fetched whole, and the transfer asks again.
    if (!(thrown instanceof Fault) || thrown.code !== 'CONTENT-01') throw thrown;
  }
  return indexes?.fetchedBytes() ?? 0;
}

async function lookAtWanted(
  context: RunContext,
  reference: ContentReference,
  wanted: WantedSurvey,
): Promise<ItemLook> {
  const { image, cached } = wanted;
  if (image.survey.digest === reference.digest) return image;
  const there = cached.get(reference.id);
  const known = there?.digest === image.survey.digest ? image.wanted : undefined;
  if (!refusesOthers(reference, wanted)) return await look(context, reference, there, known);
  const { files } = await context.manifests.manifest(reference);
  const old = await localManifestOf(context, there);
  return {
    survey: {
      id: reference.id,
      version: reference.version,
      digest: reference.digest,
      outcome: 'changed',
      totalBytes: reference.totalBytes,
      presentBytes: 0,
      files: [],
      extra: [],
    },
    wanted: files.map(({ path, size, sha256 }) => ({
      path,
      sizeBytes: size,
      sha256,
      state: 'missing',
      badRanges: [],
    })),
    // What it will replace lends its bytes to other items until then.
    others: known ?? (await claimedIn(context, context.layout.item(reference.id), old?.files ?? [])),
    reusesNothing: true,
  };
}

/** What lies on the machine besides the items of the plan; that is not read now, so it is believed. */
async function heldElsewhere(
  context: RunContext,
  references: readonly ContentReference[],
  looks: readonly ItemLook[],
): Promise<readonly CheckedFile[]> {
  const incomplete = references.filter((_, at) => looks[at]?.survey.outcome !== 'present');
  if (incomplete.length === 0) return [];
  const planned = new Set(references.map(({ id }) => id));
  const wanted: ManifestFile[] = [];
  for (const reference of incomplete) wanted.push(...(await context.manifests.manifest(reference)).files);
  const folders = [
    ...(await vouchedItems(context, id => planned.has(id))),
    ...(await vouchedMedia(context, wanted)),
  ];
  const claimed = await Promise.all(folders.map(({ folder, files }) => claimedIn(context, folder, files)));
  return claimed.flat();
}

function claimedIn(
  { layout }: RunContext,
  folder: string,
  files: readonly ManifestFile[],
): Promise<readonly CheckedFile[]> {
  return claimedFiles(folder, files, sha256 => readChunkIndex(layout, sha256));
}

async function look(
  context: RunContext,
  reference: ContentReference,
  cached: ContentReference | undefined,
  known: readonly CheckedFile[] | undefined,
): Promise<ItemLook> {
  const { layout, pool, manifests, observe, composition } = context;
  const manifest = await manifests.manifest(reference);
  const laid = cached?.digest === reference.digest ? manifest : await localManifestOf(context, cached);
  const stage = reference.type === 'os-image' ? 'validate-image' : 'survey';
  let doneBytes = 0;
  return await lookAtItem({
    reference,
    manifest,
    ...(cached === undefined || laid === undefined
      ? {}
      : { local: { reference: cached, manifest: laid, ...(known === undefined ? {} : { known }) } }),
    layout,
    pool,
    readIndex: sha256 => readChunkIndex(layout, sha256),
    signal: composition.signal,
    advance: bytes => {
      doneBytes += bytes;
      observe({
        kind: 'advanced',
        stage,
        subject: reference.id,
        doneBytes,
        totalBytes: reference.totalBytes,
      });
    },
  });
}

async function localManifestOf(
  { manifests }: RunContext,
  cached: ContentReference | undefined,
): Promise<ContentManifest | undefined> {
  return cached === undefined ? undefined : await manifests.localManifest(cached.digest);
}
