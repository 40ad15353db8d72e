// What a transfer writes is flushed while it goes on, and a disk that fails then is never passed over.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openFlushBehind } from '../../agent/distribution/flush-behind.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { acquireWorld, publishItem } from '../support/content-kit.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('flush-behind');
const MIB = 1024 * 1024;

describe('flushing behind a transfer', () => {
  it('begins with the sixteenth MiB, one flush at a time, of the files written since the last', async () => {
    const flushes: (readonly string[])[] = [];
    const { promise: first, resolve: finishFirst } = Promise.withResolvers<void>();
    const behind = openFlushBehind({
      flushFiles: async files => {
        flushes.push(files);
        if (flushes.length === 1) await first;
      },
    });
    behind.wrote('a', 8 * MIB);
    behind.wrote('b', 7 * MIB);
    behind.wrote('nothing', 0);
    expect(flushes).toEqual([]);
    behind.wrote('a', MIB);
    behind.wrote('c', 20 * MIB);
    expect(flushes).toEqual([['a', 'b']]);
    finishFirst();
    await behind.end();
    expect(flushes).toEqual([['a', 'b'], ['c']]);
  });

  it('a flush that failed is told at the end', async () => {
    const broken = new Fault('DISK-01', 'a');
    const behind = openFlushBehind({ flushFiles: () => Promise.reject(broken) });
    behind.wrote('a', 16 * MIB);
    expect(await faultOf(behind.end())).toBe(broken);
  });
});

it.each(['within a request', 'behind requests'] as const)(
  'an item whose flush %s fails is not swapped in, though each later flush is fine',
  async where => {
    const volume = path.join(ground, where);
    const { bytes } = seeded(11);
    const { reference, manifest } = await publishItem(path.join(volume, 'dp'), {
      'a.bin': bytes((where === 'within a request' ? 80 : 40) * MIB),
    });
    await mkdir(path.join(volume, 'cache'));
    await writeFile(path.join(volume, 'cache', 'other'), '');
    const sound = openDurableFiles();
    let failures = 0;
    const failOnce = (file: string): void => {
      if (failures++ === 0) throw new Fault('DISK-01', file, { native: 'EIO' });
    };
    const durable: DurableFiles = {
      ...sound,
      openPartial: async file => {
        const partial = await sound.openPartial(file);
        if (where === 'behind requests') return partial;
        return {
          ...partial,
          flush: async () => {
            failOnce(file);
            await partial.flush();
          },
        };
      },
      flushFiles: async files => {
        const [file = ''] = files;
        if (where === 'behind requests' && file.endsWith('a.bin')) failOnce(file);
        await sound.flushFiles(files);
      },
    };
    // One connection takes four portions: of 20 MiB, or of 10.
    const settings = { ...impatient, connections: 1 };
    const source = openTestSource(path.join(volume, 'dp'));
    const world = acquireWorld(path.join(volume, 'cache'), [source], { durable, settings });
    const fault = await faultOf(acquire({ reference, manifest }, world));
    expect(fault.code).toBe('DISK-01');
    expect(failures).toBeGreaterThan(0);
    const again = await acquire({ reference, manifest }, world);
    expect(again.presentBytes + again.fetchedBytes).toBe(reference.totalBytes);
  },
);
