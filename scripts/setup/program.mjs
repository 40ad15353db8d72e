// Runs other programs: captured and quiet when all goes well, with their words in the error when not.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Runs a program to its end and resolves to its stdout.
 * Rejects with the command and what it printed when it ends with another code than 0.
 */
export function run(command, args, { cwd, env, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const out = [];
    const all = [];
    child.stdout.on('data', piece => {
      out.push(piece);
      all.push(piece);
    });
    child.stderr.on('data', piece => all.push(piece));
    if (input !== undefined) child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      reject(
        new Error(
          `${command} ${args.join(' ')}\nended with ${signal ?? `code ${code}`}\n${excerpt(Buffer.concat(all).toString())}`,
        ),
      );
    });
  });
}

/** Some programs say first what is wrong, others last. */
function excerpt(output) {
  const lines = output.trim().split('\n');
  return lines.length <= 40
    ? lines.join('\n')
    : [...lines.slice(0, 20), '...', ...lines.slice(-20)].join('\n');
}

/** Runs a program on this terminal and resolves to its exit code (128 + signal number is reported as 1). */
export function show(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', code => resolve(code ?? 1));
  });
}

/** The full path of a program on PATH (or in the places only root has there), or undefined. */
export function find(name) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const file = join(folder, name);
    if (isExecutable(file)) return file;
  }
  return undefined;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: the same to the caller
  }
}
