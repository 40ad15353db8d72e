// A computer from power-on until it is switched off: each restart is a start of its own, so that the disk can be looked at between.
import { Advice } from '../setup/say.mjs';
import { powerOn } from './machine.mjs';

/** What the stand-in says when it leaves. */
const LEFT = /^@@ \S+ (restart|shutdown)$/;

/**
 * @param {(start: number) => import('./machine-words.mjs').MachineParts} partsOf of the n-th start, from 0
 * @param {object} [how]
 * @param {number} [how.timeoutMs] of one start
 * @param {'throw' | 'end'} [how.whenLate] what comes of a start that takes longer; with `end` it is a start like others
 * @param {number} [how.most] starts; a machine that restarts for ever is a fault
 * @param {(machine: ReturnType<typeof powerOn>, start: number) => void} [how.watch] is handed each machine as it starts
 * @returns {Promise<{ starts: { lines: { seconds: number, text: string }[], left: 'restart' | 'shutdown' | 'ended' | 'time over', seconds: number }[], off: boolean }>}
 */
export async function powerCycle(
  partsOf,
  { timeoutMs = 300_000, whenLate = 'throw', most = 6, watch = () => {} } = {},
) {
  const starts = [];
  while (starts.length < most) {
    const machine = powerOn(partsOf(starts.length));
    watch(machine, starts.length);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      machine.kill();
    }, timeoutMs);
    const { code, signal, complaints, seconds } = await machine.ended;
    clearTimeout(timer);
    const said = machine.lines.map(({ text }) => LEFT.exec(text)?.[1]).findLast(each => each !== undefined);
    starts.push({ lines: machine.lines, left: late ? 'time over' : (said ?? 'ended'), seconds });
    if (late && whenLate === 'end') return { starts, off: false };
    if (late) throw new Error(`the machine was not done in ${timeoutMs / 1000} s\n${tailOf(machine.lines)}`);
    if (said === undefined && code !== 0)
      throw new Advice(
        `QEMU ended with ${signal ?? `code ${code}`}: ${complaints}\n${tailOf(machine.lines)}`,
      );
    if (said !== 'restart') return { starts, off: said === 'shutdown' };
  }
  return { starts, off: false };
}

/** The last lines, for messages. */
export const tailOf = (lines, count = 25) =>
  lines
    .slice(-count)
    .map(({ seconds, text }) => `${seconds.toFixed(1).padStart(7)}  ${text}`)
    .join('\n');
