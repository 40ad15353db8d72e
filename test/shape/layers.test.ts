// Each layer of the agent imports only from those before it.
import { expect, test } from 'vitest';
import { sourcesBelow } from './sources.ts';

/** From the ground up, as docs/rationale.md draws them. */
const LAYERS = [
  'fault',
  'progress',
  'durable',
  'document',
  'trust',
  'wim',
  'disk-image',
  'content',
  'distribution',
  'facts',
  'policy',
  'media',
  'native',
  'machine',
  'user-state',
  'plan',
  'journal',
  'survey',
  'steps',
  'report',
  'console',
  'author',
  'server',
  'commands',
];

/** Files of the top folder: the version belongs below everything, the others put everything together. */
const rankOf = (file: string): number => {
  const parts = file.split('/').slice(1);
  if (parts.length > 1) return LAYERS.indexOf(parts[0]!);
  return parts[0] === 'version.ts' ? -1 : LAYERS.length;
};

const sources = sourcesBelow('agent');

test('every folder of the agent is a known layer', () => {
  const unknown = sources.filter(source => source.path.split('/').length > 2 && rankOf(source.path) === -1);
  expect(unknown.map(source => source.path)).toEqual([]);
});

test('each layer imports only from itself and the layers before it', () => {
  const upward = sources.flatMap(source =>
    source.imports
      .filter(target => target.startsWith('agent/') && rankOf(target) > rankOf(source.path))
      .map(target => `${source.path} -> ${target}`),
  );
  expect(upward).toEqual([]);
});

test('the agent imports nothing from outside but the version in package.json', () => {
  const outside = sources.flatMap(source =>
    source.imports
      .filter(target => !target.startsWith('agent/') && target !== 'package.json')
      .map(target => `${source.path} -> ${target}`),
  );
  expect(outside).toEqual([]);
});
