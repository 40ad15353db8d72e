// Runs the Linux executable as a person would, showing the command line and what it prints.
import { spawn } from 'node:child_process';
import { PRESTAGE } from './place.mjs';
import { heading, took } from './screen.mjs';

/**
 * Runs `prestage ARGS` on this terminal.
 * @returns its exit code; rejects when that is none of `expected`.
 */
export async function prestage(args, { expected = [0] } = {}) {
  heading(`prestage ${args.map(quoted).join(' ')}`);
  const started = performance.now();
  const code = await new Promise((resolve, reject) => {
    const child = spawn(PRESTAGE, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  took(started, code);
  if (!expected.includes(code))
    throw new Error(`prestage ${args[0]} ended with ${code}, expected ${expected.join(' or ')}`);
  return code;
}

const quoted = word => (/[\s"]/.test(word) ? `"${word}"` : word);
