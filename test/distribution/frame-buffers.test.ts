// Memory that is lent again and again.
import { expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from '../../agent/content/pack-index.ts';
import { openFrameBuffers } from '../../agent/distribution/packs/frame-buffers.ts';

it('what was given back is lent again, and never to two at once', () => {
  const buffers = openFrameBuffers();
  const [first, second] = [buffers.lend(1000), buffers.lend(2000)];
  expect([first.length, second.length]).toEqual([1000, 2000]);
  expect(first.buffer).not.toBe(second.buffer);
  buffers.giveBack(first);
  const again = buffers.lend(MAX_FRAME_BYTES);
  expect(again.buffer).toBe(first.buffer);
  expect(again.length).toBe(MAX_FRAME_BYTES);
  expect(buffers.lend(1).buffer).not.toBe(again.buffer);
});

it('a frame that is longer than others gets room of its own', () => {
  const buffers = openFrameBuffers();
  buffers.giveBack(buffers.lend(10));
  const long = buffers.lend(MAX_FRAME_BYTES + 1);
  expect(long.length).toBe(MAX_FRAME_BYTES + 1);
  buffers.giveBack(long);
  expect(buffers.lend(MAX_FRAME_BYTES + 1).buffer).toBe(long.buffer);
});
