// Makes the effects of a run, once: the only file that knows on which system it runs. Heavy parts load when first needed.
import os from 'node:os';
import path from 'node:path';
import { isSea } from 'node:sea';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Composition } from './commands/composition.ts';
import { SECRET_VARIABLES } from './commands/secret-source.ts';
import { harmless } from './console/harmless.ts';
import { processTerminal } from './console/process-terminal.ts';
import { openScreen } from './console/screen.ts';
import { spawnWorker } from './content/spawn-worker.ts';
import { openThreadPool } from './content/thread-pool.ts';
import { openAccounts } from './distribution/http/accounts.ts';
import { openSource } from './distribution/open-source.ts';
import {
  openShareConnections,
  type ShareConnections,
  type ShareConnector,
} from './distribution/share-connections.ts';
import { openShareGate } from './distribution/share-gate.ts';
import { openDurableFiles } from './durable/open-durable-files.ts';
import { Fault } from './fault/fault.ts';
import { openRedactor } from './fault/redact.ts';
import { NO_HOST_TOOLS, openHostTools } from './machine/host-tools.ts';
import type { Imaging } from './machine/machine.ts';
import { systemClock } from './progress/clock.ts';
import { VERSION } from './version.ts';

export interface ComposeOptions {
  readonly signal: AbortSignal;
}

/** The composition of the real program. */
export function compose({ signal }: ComposeOptions): Composition {
  const { redact, learn: learnSecret } = openRedactor();
  const executable = isSea() ? process.execPath : undefined;
  const folder = executable === undefined ? process.cwd() : path.dirname(executable);
  const durable = openDurableFiles();
  const screen = openScreen({
    write: text => void process.stderr.write(text),
    clock: systemClock,
    redact,
    ...(process.stderr.isTTY === true ? { columns: process.stderr.columns || 80 } : {}),
  });
  const addonFolders = process.platform === 'win32' && executable !== undefined ? addonPlaces(folder) : [];
  let imaging: Promise<Imaging> | undefined;
  const openImaging = (): Promise<Imaging> => {
    imaging ??= loadImaging(folder, addonFolders);
    return imaging;
  };
  let ending: Promise<void> | undefined;
  const gate = openShareGate(() => {
    ending ??= endWithoutThem(() => gate.stuck(), addonFolders);
  });
  const shares = process.platform === 'win32' ? windowsShares(addonFolders) : undefined;
  const accounts = openAccounts();
  const terminal = processTerminal(process.stdin, process.stdout);
  const environment = { ...process.env };
  // What this program starts inherits the rest.
  for (const name of SECRET_VARIABLES) delete process.env[name];
  return {
    version: VERSION,
    ...(terminal === undefined ? {} : { terminal }),
    environment,
    clock: systemClock,
    random: Math.random,
    durable,
    signal,
    redact,
    learnSecret,
    observe: screen.observe,
    endProgress: () => screen.end(),
    print: text => {
      screen.end();
      process.stdout.write(`${harmless(redact(text))}\n`);
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
        return await openFolderMachine({
          folder: path.resolve(disk),
          durable,
          imaging: await openImaging(),
          redact,
        });
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
        addonFolders,
      });
    },
    openImaging,
    hostTools: process.platform === 'win32' ? NO_HOST_TOOLS : openHostTools(process.env),
    claim: async what =>
      (await import('./machine/claim.ts')).claim(what, process.platform === 'win32' ? 'windows' : 'linux'),
    openProbes: async probeFolder =>
      (await import('./machine/open-probes.ts')).openProbes({
        system: process.platform === 'win32' ? 'windows' : 'linux',
        folder: probeFolder,
        durable,
        clock: systemClock,
        environment: process.env,
        addonFolders,
        openImaging,
      }),
    openSource: (address, settings, more = {}) =>
      openSource(address, {
        ...more,
        settings,
        clock: systemClock,
        random: Math.random,
        gate,
        accounts,
        ...(shares === undefined ? {} : { shares }),
      }),
    ...(shares === undefined ? {} : { shares }),
    accounts,
    sleep: async (ms, waitSignal) => {
      await sleep(ms, undefined, waitSignal === undefined ? {} : { signal: waitSignal }).catch(cause => {
        throw new Fault('STOP-01', 'waiting', {}, { cause });
      });
    },
    beforeEnd: async () => await ending,
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}

/**
 * Where the executable may lay its native add-on on Windows, the best first. Not in the temporary folder: SYSTEM's is C:\Windows\Temp, where every
 * user may make files and folders.
 * - Beside the executable. Whoever can write there could as well exchange the executable, or lay a DLL that Windows loads before its own, so
 *   nothing is lost; in Windows PE that is X:, which only SYSTEM uses, and in the new Windows it goes away with the agent.
 * - Where the executable lies on read-only media, a share or in a folder of others (`prestage plan --disk` without rights), in the local
 *   application data of the account, which nobody but that account and Administrators can write.
 */
function addonPlaces(folder: string): readonly string[] {
  const own = process.env.LOCALAPPDATA;
  return [path.join(folder, 'addon'), ...(own === undefined ? [] : [path.join(own, 'Prestage')])];
}

/** When the process ends while reads of a dead share hang, it ends all the same: Node would wait for them. */
async function endWithoutThem(stuck: () => number, addonFolders: readonly string[]): Promise<void> {
  try {
    const { openEndProcess } = await import('./machine/end-process.ts');
    const end = await openEndProcess(process.platform === 'win32' ? 'windows' : 'linux', addonFolders);
    process.once('exit', exitCode => {
      if (stuck() > 0) end?.(exitCode);
    });
  } catch {
    // Without native code the process waits for the share, as any other would.
  }
}

/** Loaded when a share is first read. */
function windowsShares(addonFolders: readonly string[]): ShareConnections {
  let connector: Promise<ShareConnector> | undefined;
  const load = (): Promise<ShareConnector> => {
    connector ??= import('./machine/windows/connect-share.ts').then(({ openShareConnector }) =>
      openShareConnector(addonFolders),
    );
    return connector;
  };
  return openShareConnections({
    connect: async (share, account) => (await load()).connect(share, account),
    disconnect: async share => (await load()).disconnect(share),
  });
}

async function loadImaging(besideFolder: string, addonFolders: readonly string[]): Promise<Imaging> {
  const { openImaging } = await import('./machine/open-imaging.ts');
  const only = process.env.PRESTAGE_IMAGING;
  if (only !== undefined && only !== 'wimgapi' && only !== 'wimlib')
    throw new Fault('USAGE-01', 'PRESTAGE_IMAGING', { expected: 'wimgapi or wimlib', found: only });
  return await openImaging({
    system: process.platform === 'win32' ? 'windows' : 'linux',
    besideFolder,
    addonFolders,
    ...(only === undefined ? {} : { only }),
  });
}
