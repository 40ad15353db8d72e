// Surveys items of the cache with their manifests at hand and turns the findings into rows of the content table.
import type { ContentManifest, ContentReference } from '../../content/manifest.ts';
import { openChunkIndexes } from '../../distribution/chunk-indexes.ts';
import { openSourceChoice } from '../../distribution/source-choice.ts';
import { Fault } from '../../fault/fault.ts';
import type { PlannedItem } from '../../plan/plan.ts';
import { readChunkIndex } from '../../survey/chunk-indexes.ts';
import { type ItemSurvey, surveyItem } from '../../survey/survey-content.ts';
import type { RunContext } from './run-context.ts';

/** Looks at what lies in the cache against the manifest that the media laid for it. */
export async function surveyCached(context: RunContext, reference: ContentReference): Promise<ItemSurvey> {
  return await look(context, reference, reference);
}

/** Looks at an item against the manifest that policy wants; `already` is an earlier look at the very same manifest; `whole`: another version that lies there is not to be used. */
export async function surveyWanted(
  context: RunContext,
  reference: ContentReference,
  cached: ContentReference | undefined,
  already?: ItemSurvey,
  whole = false,
): Promise<PlannedItem> {
  if (whole && cached !== undefined && cached.digest !== reference.digest)
    return wholeItem(reference, cached);
  const indexBytes = already === undefined ? await learnChunks(context, reference, cached) : 0;
  const survey = already ?? (await look(context, reference, cached));
  return {
    reference,
    outcome: survey.outcome,
    presentBytes: survey.presentBytes,
    reusableBytes: survey.reusableBytes,
    fetchBytes: survey.fetchBytes,
    ...(indexBytes === 0 ? {} : { indexBytes }),
    ...(cached === undefined ? {} : { cachedVersion: cached.version, cachedDigest: cached.digest }),
  };
}

/** Another version lies here, and policy wants nothing of it. */
function wholeItem(reference: ContentReference, cached: ContentReference): PlannedItem {
  return {
    reference,
    outcome: 'changed',
    presentBytes: 0,
    reusableBytes: 0,
    fetchBytes: reference.totalBytes,
    cachedVersion: cached.version,
    cachedDigest: cached.digest,
    whole: true,
  };
}

// Another version than the one that lies here: only its chunk indexes can tell how much of it is here already.
async function learnChunks(
  { layout, manifests, sources, composition }: RunContext,
  reference: ContentReference,
  cached: ContentReference | undefined,
): Promise<number> {
  if (cached === undefined || cached.digest === reference.digest) return 0;
  const { durable, signal } = composition;
  const indexes = openChunkIndexes(reference, {
    layout,
    durable,
    choice: openSourceChoice(reference.id, sources),
    signal,
  });
  try {
    for (const file of (await manifests.manifest(reference)).files) {
      if (file.chunks !== undefined) await indexes.of(file);
    }
  } catch (thrown) {
    // Not to be had now: the plan then counts those files as to be fetched whole, and the transfer asks again.
    if (!(thrown instanceof Fault) || thrown.code !== 'CONTENT-01') throw thrown;
  }
  return indexes.fetchedBytes();
}

async function look(
  context: RunContext,
  reference: ContentReference,
  cached: ContentReference | undefined,
): Promise<ItemSurvey> {
  const { layout, pool, manifests, observe, composition } = context;
  const manifest = await manifests.manifest(reference);
  const laid = cached?.digest === reference.digest ? manifest : await localManifestOf(context, cached);
  const stage = reference.type === 'os-image' ? 'validate-image' : 'survey';
  let doneBytes = 0;
  return await surveyItem({
    reference,
    manifest,
    ...(cached === undefined || laid === undefined ? {} : { local: { reference: cached, manifest: laid } }),
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
