// Probes of what Node must be able to do here: threads, hashing, the network stack, durable files.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Clock } from '../progress/clock.ts';
import type { Probe } from './probe.ts';

const HASHED_BYTES = 64 * 1024 * 1024;

export interface RuntimeProbeWorld {
  /** An existing folder to write in; it is left as it was. */
  readonly folder: string;
  readonly durable: DurableFiles;
  readonly clock: Clock;
}

/** In WinPE nobody has reported Node before; these say what of it works. */
export function runtimeProbes({ folder, durable, clock }: RuntimeProbeWorld): readonly Probe[] {
  return [
    {
      name: 'node runtime',
      fact: 'Node runs here.',
      mandatory: true,
      run: async () => ({
        holds: true,
        seen: {
          node: process.versions.node,
          v8: process.versions.v8,
          openssl: process.versions.openssl,
          threadPool: process.env.UV_THREADPOOL_SIZE,
        },
      }),
    },
    {
      name: 'worker thread',
      fact: 'A worker thread starts from source text and answers.',
      mandatory: true,
      async run() {
        const started = clock.ticks();
        const answer = await answerOfWorker();
        return { holds: answer === 42, seen: { milliseconds: Math.round(clock.ticks() - started) } };
      },
    },
    {
      name: 'sha-256',
      fact: 'SHA-256 gives the right digest, fast enough to prove an image at every start.',
      mandatory: true,
      async run() {
        const right =
          createHash('sha256').update('abc').digest('hex') ===
          'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
        const bytes = Buffer.alloc(HASHED_BYTES, 1);
        const started = clock.ticks();
        createHash('sha256').update(bytes).digest();
        const seconds = (clock.ticks() - started) / 1000;
        return { holds: right, seen: { megabytesPerSecond: Math.round(HASHED_BYTES / 1e6 / seconds) } };
      },
    },
    {
      name: 'http on loopback',
      fact: 'HTTP works between two sockets of this machine.',
      mandatory: true,
      async run() {
        const body = await fetchFromSelf('Prestage');
        return { holds: body === 'Prestage', seen: { body } };
      },
    },
    {
      name: 'network adapters',
      fact: 'At least one adapter has an address.',
      mandatory: false,
      async run() {
        const outside = Object.entries(networkInterfaces()).flatMap(([name, each]) =>
          (each ?? [])
            .filter(({ internal }) => !internal)
            .map(({ address, mac }) => ({ name, address, mac })),
        );
        return { holds: outside.length > 0, seen: { adapters: outside } };
      },
    },
    {
      name: 'durable files',
      fact: 'A file can be replaced, appended to, renamed and removed durably, also with a path of more than 260 characters.',
      mandatory: true,
      async run() {
        const deep = path.join(
          folder,
          'selftest',
          ...Array.from({ length: 10 }, (_, index) => `${index}`.repeat(30)),
        );
        const file = path.join(deep, 'unicode 名前.bin');
        const bytes = randomBytes(1000);
        try {
          await mkdir(deep, { recursive: true });
          await durable.replaceFile(file, Buffer.from('old'));
          await durable.replaceFile(file, bytes);
          await durable.append(file, Buffer.from('tail'));
          await durable.rename(file, `${file}.renamed`);
          const read = await readFile(`${file}.renamed`);
          return {
            holds: read.equals(Buffer.concat([bytes, Buffer.from('tail')])),
            seen: { pathCharacters: file.length },
          };
        } finally {
          await rm(path.join(folder, 'selftest'), { recursive: true, force: true });
        }
      },
    },
  ];
}

function answerOfWorker(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(`require('node:worker_threads').parentPort.postMessage(42)`, { eval: true });
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', code => reject(new Error(`the worker ended with ${code} and no answer`)));
  });
}

async function fetchFromSelf(text: string): Promise<string> {
  const server = createServer((_request, response) => response.end(text));
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return await new Promise<string>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: address.port, agent: false }, response => {
        const pieces: Buffer[] = [];
        response.on('data', piece => pieces.push(piece));
        response.on('end', () => resolve(Buffer.concat(pieces).toString()));
      });
      asked.on('error', reject);
      asked.end();
    });
  } finally {
    server.close();
  }
}
