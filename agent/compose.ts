// Makes the effects of a run, once: the only file that knows on which system it runs. Heavy parts load when first needed.
import os from 'node:os';
import path from 'node:path';
import { isSea } from 'node:sea';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Composition } from './commands/composition.ts';
import { openScreen } from './console/screen.ts';
import { spawnWorker } from './content/spawn-worker.ts';
import { openThreadPool } from './content/thread-pool.ts';
import { openSource } from './distribution/open-source.ts';
import { openDurableFiles } from './durable/open-durable-files.ts';
import { Fault } from './fault/fault.ts';
import { makeRedact } from './fault/redact.ts';
import type { Imaging } from './machine/machine.ts';
import { systemClock } from './progress/clock.ts';
import { VERSION } from './version.ts';

export interface ComposeOptions {
  readonly signal: AbortSignal;
}

/** The composition of the real program. */
export function compose({ signal }: ComposeOptions): Composition {
  const redact = makeRedact();
  const executable = isSea() ? process.execPath : undefined;
  const folder = executable === undefined ? process.cwd() : path.dirname(executable);
  const durable = openDurableFiles();
  const screen = openScreen({
    write: text => void process.stderr.write(text),
    clock: systemClock,
    redact,
    ...(process.stderr.isTTY === true ? { columns: process.stderr.columns || 80 } : {}),
  });
  let imaging: Promise<Imaging> | undefined;
  const openImaging = (): Promise<Imaging> => {
    imaging ??= loadImaging(folder);
    return imaging;
  };
  return {
    version: VERSION,
    clock: systemClock,
    random: Math.random,
    durable,
    signal,
    redact,
    observe: screen.observe,
    endProgress: () => screen.end(),
    print: text => {
      screen.end();
      process.stdout.write(`${redact(text)}\n`);
    },
    agent: { folder, ...(executable === undefined ? {} : { executable }) },
    ...(process.platform === 'win32' && process.env.SystemDrive?.toUpperCase() === 'X:'
      ? { earlyLogs: 'X:\\Windows\\Temp\\SMSTSLog' }
      : {}),
    openPool: async () =>
      openThreadPool({ size: Math.max(1, Math.min(8, os.availableParallelism())), spawn: spawnWorker }),
    async openMachine({ disk }) {
      if (disk !== undefined) {
        const { openFolderMachine } = await import('./machine/folder/open-folder-machine.ts');
        return await openFolderMachine({ folder: path.resolve(disk), durable, imaging: await openImaging() });
      }
      if (process.platform !== 'win32')
        throw new Fault('USAGE-10', 'this computer', {
          found: process.platform,
          expected: 'Windows or WinPE, or --disk FOLDER to rehearse',
        });
      const { openWindowsMachine } = await import('./machine/windows/open-windows-machine.ts');
      return await openWindowsMachine({
        imaging: await openImaging(),
        environment: process.env,
        architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
      });
    },
    openImaging,
    openProbes: async probeFolder =>
      (await import('./machine/open-probes.ts')).openProbes({
        system: process.platform === 'win32' ? 'windows' : 'linux',
        folder: probeFolder,
        durable,
        clock: systemClock,
        environment: process.env,
        openImaging,
      }),
    openSource: (address, settings) =>
      openSource(address, { settings, clock: systemClock, random: Math.random }),
    sleep: async (ms, waitSignal) => {
      await sleep(ms, undefined, waitSignal === undefined ? {} : { signal: waitSignal }).catch(cause => {
        throw new Fault('STOP-01', 'waiting', {}, { cause });
      });
    },
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}

async function loadImaging(besideFolder: string): Promise<Imaging> {
  const { openImaging } = await import('./machine/open-imaging.ts');
  const only = process.env.PRESTAGE_IMAGING;
  if (only !== undefined && only !== 'wimgapi' && only !== 'wimlib')
    throw new Fault('USAGE-01', 'PRESTAGE_IMAGING', { expected: 'wimgapi or wimlib', found: only });
  return await openImaging({
    system: process.platform === 'win32' ? 'windows' : 'linux',
    besideFolder,
    ...(only === undefined ? {} : { only }),
  });
}
