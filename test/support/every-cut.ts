// Plays the same work once for each point at which the power may go, and for each way in which the disk may then lose what was not flushed.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { type Loss, openLossyFiles, PowerCut } from './lossy-files.ts';

export interface EveryCut {
  /** An existing folder to play in; each play gets a fresh one below it, gone afterwards. */
  readonly within: string;
  readonly systems?: readonly ('linux' | 'windows')[];
  readonly losses?: readonly Loss[];
  /** How many seeds `mixed` is played with; 1 unless given. */
  readonly seeds?: number;
  /** Puts the start state into the folder; what it writes is durable. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** The work. It throws PowerCut (or something with a PowerCut among its causes) when cut. */
  readonly run: (files: DurableFiles, folder: string) => Promise<void>;
  /** Looks at what the cut left. `done` is true when the work had ended before the cut. Throws what is wrong. */
  readonly verify: (folder: string, play: Play) => Promise<void>;
}

/** One play: which system, which point (its number and its words), which loss. */
export interface Play {
  readonly system: 'linux' | 'windows';
  readonly point: number;
  readonly words: string;
  readonly loss: Loss;
  readonly seed: number;
  readonly done: boolean;
}

/** @returns how many plays there were. An error of `verify` gets the play in its message. */
export async function everyCut({
  within,
  systems = ['linux', 'windows'],
  losses = ['dropped', 'kept', 'torn', 'zeroed', 'mixed'],
  seeds = 1,
  prepare,
  run,
  verify,
}: EveryCut): Promise<number> {
  let plays = 0;
  for (const system of systems) {
    const points = await play(undefined, 'kept', 0, system);
    for (let point = 1; point <= points.length + 1; point += 1) {
      for (const loss of losses) {
        for (let seed = 0; seed < (loss === 'mixed' ? seeds : 1); seed += 1) {
          await play(point, loss, point * 1000 + seed, system, points[point - 1] ?? 'the end');
          plays += 1;
        }
      }
    }
  }
  return plays;

  async function play(
    point: number | undefined,
    loss: Loss,
    seed: number,
    system: 'linux' | 'windows',
    words = 'uncut',
  ): Promise<readonly string[]> {
    const ground = await mkdtemp(path.join(within, 'play-'));
    const folder = path.join(ground, 'disk');
    try {
      await mkdir(folder);
      await prepare?.(folder);
      const lossy = openLossyFiles({
        graveyard: path.join(ground, 'graveyard'),
        system,
        ...(point === undefined ? {} : { cutAt: point }),
      });
      const done = await ended(run(lossy.files, folder));
      await lossy.loseUnflushed(loss, seed);
      try {
        await verify(folder, { system, point: point ?? 0, words, loss, seed, done });
      } catch (cause) {
        throw new Error(
          `${system}, cut before point ${point} (${words}), ${loss}, seed ${seed}: ${cause instanceof Error ? cause.message : cause}`,
          { cause },
        );
      }
      return lossy.points;
    } finally {
      await rm(ground, { recursive: true, force: true });
    }
  }
}

/** @returns false when the work ended by a power cut; any other error is thrown. */
export async function ended(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      if (cause instanceof PowerCut) return false;
    throw error;
  }
}
