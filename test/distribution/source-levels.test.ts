// The order in which sources of every kind are asked, by how near they are and how much they are wanted.
import { expect, it } from 'vitest';
import type { Source, SourceLevel } from '../../agent/distribution/source.ts';
import { openSourceHealth } from '../../agent/distribution/source-health.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { openTestSource } from '../support/sources.ts';

const source = (url: string, priority: number, level?: SourceLevel, template?: string): Source =>
  openTestSource(url, { priority, ...(level && { level }), ...(template && { template }) });

/** Names of the ranks, in their order. */
const ranked = (...sources: readonly Source[]): readonly (readonly string[])[] =>
  openSourceHealth(systemClock)
    .ranks(sources, 'CON00001')
    .map(rank => rank.map(({ name }) => name));

it('asks folders of this machine first, then shares and web servers by their level', () => {
  const share = source('\\\\dp-graz\\prestage', 900, 'boundary');
  const near = source('http://dp-graz', 1000, 'boundary');
  const next = source('http://dp-linz', 0, 'neighbour');
  const nextShare = source('\\\\dp-wien\\prestage', 1001, 'neighbour');
  const far = source('http://dp', 0);
  const farShare = source('\\\\dp\\prestage', 1);
  const stick = source('/media/stick/prestage', 1000);
  expect(ranked(farShare, far, nextShare, next, near, share, stick)).toEqual(
    [stick, share, near, next, nextShare, far, farShare].map(({ name }) => [name]),
  );
});

it('asks the faster one first, among those of one level and priority, and never before a nearer one', () => {
  const health = openSourceHealth(systemClock);
  const [slow, fast, unknown, near] = [
    source('http://slow', 1),
    source('http://fast', 1),
    source('http://unknown', 1),
    source('http://near', 9, 'boundary'),
  ];
  health.served(slow, 1_000_000, 1);
  health.served(fast, 100_000_000, 1);
  health.served(near, 100_000, 1);
  expect(health.ranks([slow, unknown, fast, near], 'CON00001')).toEqual([[near], [fast, unknown, slow]]);
});

it('joins those of one level and priority, suppliers with a template among them', () => {
  const supplier = source('http://cm-graz', 5, 'boundary', 'SMS_DP_SMSPKG$/{id}/{path}');
  const supplierShare = source('\\\\cm-graz\\SMSPKGD$', 5, 'boundary', '{id}/{path}');
  const near = source('http://dp-graz', 5, 'boundary');
  expect(ranked(near, source('http://dp', 5), supplier, supplierShare)).toEqual([
    ['http://dp-graz', 'http://cm-graz/SMS_DP_SMSPKG$/{id}/{path}', '\\\\cm-graz\\SMSPKGD$/{id}/{path}'],
    ['http://dp'],
  ]);
});
