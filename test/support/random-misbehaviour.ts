// What a server does wrong with one answer, drawn from a seed.
import type { Misbehaviour } from './misbehaviour.ts';
import type { Seeded } from './seeded.ts';

/** Kinds that end within milliseconds, and now and then one that stalls. */
export function drawMisbehaviour(random: Seeded): Misbehaviour {
  const afterBytes = random.int(2) === 0 ? random.int(3000) : random.int(1_000_000);
  return random.pick<() => Misbehaviour>([
    () => ({ kind: 'drop', afterBytes }),
    () => ({ kind: 'reset', afterBytes }),
    () => ({ kind: 'reset' }),
    () => ({ kind: 'early-fin', afterBytes }),
    () => ({ kind: 'status', status: random.pick([401, 403, 404, 416, 500]) }),
    () => ({ kind: 'status', status: random.pick([429, 503]), headers: { 'retry-after': '0' } }),
    () => ({ kind: 'truncate', toBytes: afterBytes }),
    () => ({ kind: 'length', by: random.pick([-1, 1, 100_000]) }),
    () => ({ kind: 'surplus', text: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno' }),
    () => ({ kind: 'corrupt', offset: afterBytes }),
    () => ({ kind: 'other-bytes', from: afterBytes }),
    () => ({ kind: 'ignore-range' }),
    () => ({
      kind: 'etag',
      etag: random.pick([{ tag: undefined }, { tag: '"other"' }, { tag: 'W/"weak"' }]).tag,
    }),
    () => ({ kind: 'other-range', shift: 1 + random.int(9) }),
    () => ({ kind: 'multipart' }),
    () => ({ kind: 'redirect', to: '/elsewhere' }),
    () => ({ kind: 'page' }),
    () => ({ kind: 'gzip' }),
    () => ({ kind: 'chunked', surplus: random.pick([-1, 0, 1]) }),
    () => ({ kind: 'raw', text: '\0\x01\x02' }),
    () => ({ kind: 'stall', ...(random.int(2) === 0 ? { afterBytes } : {}) }),
  ])();
}
