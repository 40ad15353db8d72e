// Takes a frame of a pack apart: inflates it, proves each unit that is wanted and puts it in place. What does not prove right is never written.
import { hash } from 'node:crypto';
import type { DurableFiles, PartialFile } from '../../durable/durable-files.ts';
import { allEnded } from '../../fault/all-ended.ts';
import { Fault } from '../../fault/fault.ts';
import { type Job, stopIfAsked } from '../job.ts';
import { faultToData } from '../job-messages.ts';
import { decompressFrame, isPlainDictionary } from '../pack-frame.ts';
import { openPieceReader } from '../piece-reader.ts';
import type { JobCatalogue, UnitTarget } from '../worker-pool.ts';

type Frame = JobCatalogue['unpack-frame']['input'];

/** Faults: DISK-* of the targets, STOP-01. TRUST-17 is answered, see the catalogue. */
export const unpackFrame: Job<'unpack-frame'> = async (frame, tools) => {
  const { units, subject } = frame;
  const placing = openPlacing(tools.durable);
  let placed = 0;
  let raw: Uint8Array | undefined;
  try {
    const dictionary = frame.dictionary && readDictionary(frame.dictionary);
    if (dictionary === 'not here') return { placed };
    raw = decompressFrame(frame.packed, frame.rawBytes, subject, dictionary);
    for (const { at, length, digest, targets } of units) {
      stopIfAsked(tools, subject);
      const bytes = raw.subarray(at, at + length);
      prove(bytes, digest, subject);
      for (const target of targets) await placing.place(target, bytes);
      placed += 1;
    }
    return { placed };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'TRUST-17')
      return { placed, failure: faultToData(thrown) };
    throw thrown;
  } finally {
    release(raw);
    await placing.end();
  }
};

/** Gives memory back at once: the collector counts only what a buffer takes of its own heap, and lets dozens of frames wait. */
function release(bytes: Uint8Array | undefined): void {
  if (bytes?.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

/** @returns the bytes, if they lie here as they did when the pack was made. */
function readDictionary({ pieces, sha256 }: NonNullable<Frame['dictionary']>): Uint8Array | 'not here' {
  const reader = openPieceReader();
  try {
    const bytes = reader.readAll(pieces);
    const found = hash('sha256', bytes, 'buffer');
    return found.equals(sha256) && isPlainDictionary(bytes) ? bytes : 'not here';
  } catch {
    // Absent, shorter or unreadable: damaged, and not worth a fault here.
    return 'not here';
  } finally {
    reader.close();
  }
}

function prove(bytes: Uint8Array, digest: string, subject: string): void {
  const found = hash('sha256', bytes, 'binary');
  if (found === digest) return;
  const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
  throw new Fault('TRUST-17', subject, { field: 'unit', expected: hex(digest), found: hex(found) });
}

interface Placing {
  place(target: UnitTarget, bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Partial files stay open while their chunks come. What is not live is flushed by whoever swaps it in. */
function openPlacing(durable: DurableFiles): Placing {
  const open = new Map<string, { readonly partial: PartialFile; readonly live: boolean }>();
  return {
    async place({ path, offset, live }, bytes) {
      if (offset === undefined) {
        if (live) await durable.replaceFile(path, bytes);
        else await durable.writeUnflushed(path, bytes);
        return;
      }
      const opened = open.get(path) ?? { partial: await durable.openPartial(path), live };
      open.set(path, opened);
      await opened.partial.write(bytes, offset);
    },
    async end() {
      await allEnded(
        [...open.values()].map(async ({ partial, live }) => {
          try {
            if (live) await partial.flush();
          } finally {
            await partial.close();
          }
        }),
      );
    },
  };
}
