// QEMU's machine protocol (QMP): commands and answers as JSON lines on a unix socket. Source: QEMU, docs/interop/qmp-spec.rst.
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Connects when first asked.
 * @param {() => boolean} isAlive whether the machine still runs
 */
export function openMonitor(socket, isAlive) {
  let connection;

  /** Resolves to the answer; rejects with QEMU's words. */
  async function ask(command, words = {}) {
    connection ??= open();
    return (await connection)(command, words);
  }

  async function open() {
    const stream = await reach();
    const queue = [];
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', piece => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const message = JSON.parse(line);
        if ('return' in message) queue.shift()?.resolve(message.return);
        else if ('error' in message) queue.shift()?.reject(new Error(message.error.desc));
      }
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      for (const { reject } of queue.splice(0)) reject(new Error('the machine has ended'));
    });
    const send = (execute, words) =>
      new Promise((resolve, reject) => {
        if (stream.destroyed) return reject(new Error('the machine has ended'));
        queue.push({ resolve, reject });
        stream.write(`${JSON.stringify({ execute, arguments: words })}\n`);
      });
    await send('qmp_capabilities', {});
    return send;
  }

  /** QEMU makes the socket a moment after it was started. */
  async function reach() {
    for (let tries = 0; ; tries++) {
      try {
        return await new Promise((resolve, reject) => {
          const stream = connect(socket, () => resolve(stream));
          stream.on('error', reject);
        });
      } catch (error) {
        if (tries === 100 || !isAlive()) throw error;
        await pause(50);
      }
    }
  }

  return { ask };
}
