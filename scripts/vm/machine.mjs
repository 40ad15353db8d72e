// One virtual machine in QEMU: started, watched on its serial line, looked at, typed into, and killed.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineWords } from './machine-words.mjs';
import { openMonitor } from './monitor.mjs';

/** Kept at most of what came over the serial line, in characters. */
const SERIAL_MAX = 4 * 1024 * 1024;

/**
 * Powers a machine on.
 * @param {import('./machine-words.mjs').MachineParts & { serialLog?: (text: string) => void }} parts
 * Types and promises: machine.d.mts.
 */
export function powerOn({ serialLog, ...parts }) {
  const socket = join(tmpdir(), `prestage-vm-${randomBytes(6).toString('hex')}.qmp`);
  const [program, ...words] = machineWords({ ...parts, monitor: socket });
  const began = performance.now();
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // the machine may be gone
  // Whoever started it may end by a fault: a machine that nobody watches would use a processor for ever.
  const killAtExit = () => child.kill('SIGKILL');
  process.on('exit', killAtExit);
  const seconds = () => (performance.now() - began) / 1000;
  const lines = [];
  const waiting = new Set();
  const listeners = [];
  let serial = '';
  let rest = '';
  let complaints = '';
  let over;

  child.stderr.on('data', piece => (complaints += piece));
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', piece => {
    serialLog?.(piece);
    serial = (serial + piece).slice(-SERIAL_MAX);
    const pieces = (rest + piece).split('\n');
    rest = pieces.pop();
    for (const text of pieces) tell({ seconds: seconds(), text: plain(text) });
  });

  function tell(line) {
    lines.push(line);
    for (const each of waiting) each.look(line);
    for (const look of listeners) look(line);
  }

  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('exit', killAtExit);
      over = { code, signal, seconds: seconds(), complaints: complaints.trim() };
      if (rest !== '') tell({ seconds: seconds(), text: plain(rest) });
      for (const each of waiting)
        each.give(new Error(`the machine ended before (${signal ?? code}) ${complaints.trim()}\n${tail()}`));
      rmSync(socket, { force: true });
      resolve(over);
    });
  });
  const tail = () =>
    lines
      .slice(-12)
      .map(({ text }) => text)
      .join('\n');

  const monitor = openMonitor(socket, () => over === undefined);
  return {
    lines,
    ended,
    get isOver() {
      return over !== undefined;
    },
    serial: () => serial,
    seconds,
    /** From now on, as they come. */
    onLine: look => void listeners.push(look),
    /** The first line that fits, whether it came already or not. */
    line(pattern, timeoutMs = 120_000) {
      const there = lines.find(({ text }) => pattern.test(text));
      if (there !== undefined) return Promise.resolve(there);
      if (over !== undefined)
        return Promise.reject(new Error(`the machine has ended without ${pattern}\n${tail()}`));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => each.give(new Error(`no ${pattern} within ${timeoutMs} ms\n${tail()}`)),
          timeoutMs,
        );
        const each = {
          look: line => pattern.test(line.text) && end(() => resolve(line)),
          give: error => end(() => reject(error)),
        };
        const end = answer => {
          clearTimeout(timer);
          waiting.delete(each);
          answer();
        };
        waiting.add(each);
      });
    },
    type: text => child.stdin.write(text),
    /** A picture of the screen, as PNG. */
    screenshot: file => monitor.ask('screendump', { filename: file, format: 'png' }),
    press: (...keys) => monitor.ask('send-key', { keys: keys.map(data => ({ type: 'qcode', data })) }),
    ask: monitor.ask,
    /** As hard as it gets: SIGKILL to QEMU. What the disk has kept by then is the disk's affair. */
    async kill() {
      child.kill('SIGKILL');
      return await ended;
    },
  };
}

/** Without colours and cursor movements. */
const plain = text => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
