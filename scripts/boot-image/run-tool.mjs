// Runs one program of the assembly: what it says of its progress is passed on, a stop ends it, and a full disk is told as such.
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { Advice } from '../setup/say.mjs';

/** A program that ended with another code than 0 (`code`, or the signal that ended it); `words` are the last that it printed, in one line. */
export class ToolFailed extends Error {
  constructor(program, args, { code, output }) {
    super(
      `${basename(program)} ${args.join(' ')}\nended with ${typeof code === 'number' ? `code ${code}` : code}\n${lastLines(output)}`,
    );
    this.code = code;
    this.words = lastLines(output).replaceAll(/\s*\n\s*/g, ' ');
  }
}

/**
 * @param program full path
 * @param {{ cwd?: string, env?: object, input?: string, signal?: AbortSignal, onPercent?: (percent: number) => void,
 *   onBytes?: (bytes: Buffer) => void }} options `onBytes` takes stdout instead of the answer
 * @returns {Promise<string>} its stdout. Throws ToolFailed, advice when a disk is full, the signal's reason when stopped.
 */
export function runTool(program, args, { cwd, env, input, signal, onPercent, onBytes } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8', WIMLIB_IMAGEX_IGNORE_CASE: '1', ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const stop = () => child.kill();
    signal?.addEventListener('abort', stop);
    const out = [];
    const all = [];
    const take = piece => {
      all.push(piece);
      const percent = /(\d{1,3})%(?!.*\d%)/s.exec(piece.toString('latin1'))?.[1];
      if (percent !== undefined) onPercent?.(Number(percent));
    };
    child.stdout.on('data', piece => {
      if (onBytes) return onBytes(piece);
      out.push(piece);
      take(piece);
    });
    child.stderr.on('data', take);
    if (input !== undefined) child.stdin.on('error', () => {}).end(input); // one that ended early says why by its code
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) return reject(signal.reason);
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const output = Buffer.concat(all).toString();
      if (/No space left on device|not enough space on the disk/i.test(output)) return reject(diskFull());
      reject(new ToolFailed(program, args, { code: killedBy ?? code, output }));
    });
  });
}

/** What is said whoever was writing when the disk became full. */
export function diskFull() {
  return new Advice(
    'The disk became full while the boot image was being made; nothing was put in place. Free space, or give a folder on another disk with --to.',
  );
}

/** Progress overwrites itself with CR; of each line only what was left standing counts. */
function lastLines(output) {
  const lines = output.split('\n').map(line => line.slice(line.lastIndexOf('\r', line.length - 2) + 1));
  return lines
    .filter(line => line.trim() !== '')
    .slice(-10)
    .join('\n');
}
