// Makes a folder of results whole or not at all: the work is done beside it and renamed last. A failure, a stop or a cut leaves what was there before.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Advice } from '../setup/say.mjs';

/** In every folder that was made here: only such a folder is ever replaced. */
export const REPORT_FILE = 'boot-image.json';

/**
 * Runs `work(folder, scratch)`: what is in `folder` afterwards becomes `to`; `scratch` is gone in any case.
 * Throws advice, before anything is touched, when `to` holds something else or another run is at it.
 */
export async function inWorkFolder(to, work) {
  const making = `${to}.making`;
  const old = `${to}.old`;
  restoreAfterCut(to, old);
  if (existsSync(to) && !existsSync(join(to, REPORT_FILE)) && readdirSync(to).length > 0)
    throw new Advice(
      `${to} holds something that was not made by this; nothing was changed. Give another folder with --to, or empty it.`,
    );
  takeOver(making);
  try {
    const [folder, scratch] = [join(making, 'result'), join(making, 'scratch')];
    mkdirSync(folder);
    mkdirSync(scratch);
    const result = await work(folder, scratch);
    // No signal is handled between these lines: they run in one turn.
    if (existsSync(to)) renameSync(to, old);
    renameSync(folder, to);
    rmSync(old, { recursive: true, force: true });
    return result;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** A run that was cut between its two renames has left the earlier result under its other name; one cut later, both. */
function restoreAfterCut(to, old) {
  if (!existsSync(old)) return;
  if (existsSync(to)) rmSync(old, { recursive: true });
  else renameSync(old, to);
}

function takeOver(making) {
  const holder = join(making, 'process');
  if (existsSync(holder) && isAlive(Number(readFileSync(holder, 'utf8'))))
    throw new Advice(
      `Another run is making ${making.slice(0, -'.making'.length)}; nothing was changed. Wait for it, or give another folder with --to.`,
    );
  rmSync(making, { recursive: true, force: true });
  mkdirSync(dirname(making), { recursive: true });
  mkdirSync(making);
  writeFileSync(holder, String(process.pid));
}

function isAlive(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM'; // alive, but another user's
  }
}
