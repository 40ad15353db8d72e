// The writable part of X: in Windows PE, which is memory: what `DISM /Set-ScratchSpace` sets, in the SYSTEM hive of the image, without DISM.
// Microsoft, "WinPE: Mount and Customize" (32, 64, 128, 256, 512 MB; from 1 GB of memory on Windows PE takes 512 MB by itself); the value is that of
// FBWF, the write filter over the RAM disk.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Advice } from '../setup/say.mjs';
import { howToGet, lookFor } from './host.mjs';
import { runTool } from './run-tool.mjs';

export const SCRATCH_MEGABYTES = [32, 64, 128, 256, 512];
export const USUAL_MEGABYTES = 512;

/** ControlSet001 is the only one of Windows PE, whose Select key names it. */
const PREFIX = 'HKEY_LOCAL_MACHINE\\SYSTEM';
const KEY = 'ControlSet001\\Services\\FBWF';
const VALUE = 'WinPECacheThreshold';
export const HIVE = 'Windows/System32/config/SYSTEM';

/**
 * @param {string} hive a copy of the image's SYSTEM hive, changed in place
 * @param {{ megabytes?: number, signal?: AbortSignal }} options `megabytes` undefined: as usual, where the means are there
 * @returns {Promise<{ megabytes?: number, was?: number, note?: string }>} no `megabytes` when nothing was set; `note` says why
 */
export async function setScratchSpace(hive, { megabytes, signal }) {
  const program = lookFor('hivexregedit');
  if (program === undefined) {
    const why = `hivexregedit, which sets the scratch space, is not on PATH. ${howToGet('hivexregedit')}`;
    if (megabytes !== undefined)
      throw new Advice(
        `${why}; nothing was made. Or leave --scratch out: from 1 GB of memory on, Windows PE takes 512 MB by itself.`,
      );
    return {
      note: `${why}. The scratch space stays as the image has it; from 1 GB of memory on, Windows PE takes 512 MB by itself.`,
    };
  }
  const before = await readScratchSpace(hive, signal);
  if (before === undefined) {
    if (megabytes !== undefined)
      throw new Advice(
        `The registry of this image has no ${PREFIX}\\${KEY}, so its scratch space cannot be set; nothing was made. Leave --scratch out, or take another Windows PE.`,
      );
    return {
      note: `The registry of this image has no ${KEY}: its scratch space stays as Windows PE has it.`,
    };
  }
  const wanted = megabytes ?? USUAL_MEGABYTES;
  const change = `${hive}.reg`;
  writeFileSync(
    change,
    `Windows Registry Editor Version 5.00\n\n[${PREFIX}\\${KEY}]\n"${VALUE}"=dword:${wanted.toString(16).padStart(8, '0')}\n`,
  );
  await runTool(program, ['--merge', '--prefix', PREFIX, hive, change], { signal });
  return { megabytes: wanted, was: before.megabytes };
}

/** @returns what a hive says, `megabytes` undefined when it says nothing; undefined when it lacks the key, or cannot be read as a hive at all. */
export async function readScratchSpace(hive, signal) {
  const program = lookFor('hivexregedit');
  if (program === undefined) return undefined;
  let text;
  try {
    text = await runTool(program, ['--export', '--prefix', PREFIX, hive, KEY], { signal });
  } catch (thrown) {
    signal?.throwIfAborted();
    if (/path not found in this hive/.test(thrown.words)) return undefined;
    throw new Advice(
      `${HIVE} of the image is not a registry that hivexregedit can read; nothing was made. Get boot.wim again from where it came from. (hivexregedit: ${thrown.words})`,
    );
  }
  const value = new RegExp(`^"${VALUE}"=dword:([0-9a-f]{8})`, 'im').exec(text)?.[1];
  return { megabytes: value === undefined ? undefined : Number.parseInt(value, 16) };
}

/** Where a file of the tree that is laid over the image holds the hive. */
export const hiveIn = tree => join(tree, HIVE);
