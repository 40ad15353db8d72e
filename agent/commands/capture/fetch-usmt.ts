// USMT for the old computer, which has no cache: the package of the order, fetched from its distribution points into a temporary folder and proven
// there file by file.
import { cacheLayout } from '../../content/layout.ts';
import { acquire } from '../../distribution/acquire.ts';
import { openDeadline } from '../../distribution/deadline.ts';
import { accessTo } from '../../distribution/http/access.ts';
import type { Source } from '../../distribution/source.ts';
import { openSourceHealth } from '../../distribution/source-health.ts';
import { Fault } from '../../fault/fault.ts';
import type { Machine } from '../../machine/machine.ts';
import { readChunkIndex } from '../../survey/chunk-indexes.ts';
import { surveyItem } from '../../survey/survey-content.ts';
import type { Composition } from '../composition.ts';
import { openManifestStore } from '../deployment/manifest-store.ts';
import { openOrPass } from '../deployment/open-or-pass.ts';
import { tellSources } from '../deployment/tell-sources.ts';
import type { GivenOrder } from './read-order.ts';

/** @returns the package's folder below `work`. Faults: STATE-05 the order has no package, CONTENT-01, CONTENT-02, TRUST-*, NET-*, DISK-*. */
export async function fetchUsmt(
  { order, transfer, http }: GivenOrder,
  work: string,
  machine: Pick<Machine, 'volumes'>,
  composition: Composition,
): Promise<string> {
  const reference = order.package;
  if (reference === undefined)
    throw new Fault('STATE-05', 'USMT', { expected: 'a package in the order, or --tools' });
  const { durable, clock, random, observe, signal } = composition;
  const { deadlineMinutes } = transfer;
  const deadline = deadlineMinutes === undefined ? {} : { deadline: openDeadline(deadlineMinutes) };
  const layout = cacheLayout(work);
  const pool = await composition.openPool();
  const words = tellSources(observe, clock);
  const open = (point: (typeof order.distributionPoints)[number]): Source =>
    composition.openSource({ ...point, ...accessTo(point.url, http) }, transfer, {
      volumes: () => machine.volumes(),
      onPause: (fault, waitMs) => words.pauses(point.url, fault, waitMs),
    });
  const sources = [...order.distributionPoints]
    .sort((a, b) => a.priority - b.priority)
    .flatMap(point => openOrPass(point, open, observe));
  try {
    const common = { layout, durable, sources, health: openSourceHealth(clock, words), signal, ...deadline };
    const manifest = await openManifestStore(layout, common).manifest(reference);
    await acquire(
      { reference, manifest },
      { ...common, pool, clock, random, observe, pauses: words.pauses, settings: transfer },
    );
    const readIndex = (sha256: string) => readChunkIndex(layout, sha256);
    const survey = await surveyItem({ reference, manifest, layout, pool, readIndex, signal });
    if (survey.outcome !== 'present')
      throw new Fault('CONTENT-02', reference.id, { outcome: survey.outcome });
    return layout.item(reference.id);
  } finally {
    for (const source of sources) await source.close();
    await pool.close();
  }
}
