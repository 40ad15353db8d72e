// Programs of the system that an author works on, such as those that make file systems: found once, run without a shell. What they say is
// English in UTF-8 whatever the person's language, and file names keep every letter.
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';

export interface HostToolResult {
  /** 128 and the signal's number where a signal ended the program, as a shell says it. */
  readonly exitCode: number;
  /** The last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface HostToolOptions {
  readonly input?: Uint8Array;
  readonly signal?: AbortSignal;
  /** The working folder: names of files in it need no path, which some tools would read as more than a path. */
  readonly folder?: string;
}

export interface HostTools {
  /** @returns what the program said; its exit code is the caller's to judge. Faults: USAGE-20 not installed (names the Debian package), USAGE-10 not on this system, STOP-01. */
  run(tool: string, args: readonly string[], options?: HostToolOptions): Promise<HostToolResult>;
}

/** Of a system that has none: Windows. Every tool is refused with USAGE-10, for installing a Debian package is no advice there. */
export const NO_HOST_TOOLS: HostTools = {
  async run(tool) {
    throw new Fault('USAGE-10', tool, { expected: 'Linux', found: 'a system that does not have this tool' });
  },
};

/** Where Debian has the tools that only root has on its PATH, although a file on which they work needs no root. */
const BEYOND_PATH: readonly string[] = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Which Debian package brings a tool. */
export const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  sgdisk: 'gdisk',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  mmd: 'mtools',
  mdel: 'mtools',
  mkntfs: 'ntfs-3g',
  fallocate: 'util-linux',
  syslinux: 'syslinux',
};

const OUTPUT_MAX_BYTES = 64 * 1024;

/** A tool that does not end when it is told to is ended. */
const GRACE_MS = 5000;

/** @param environment of the process; only PATH and where temporary files lie are taken from it. */
export function openHostTools(environment: Readonly<Record<string, string | undefined>>): HostTools {
  const places = [...(environment.PATH ?? '').split(path.delimiter), ...BEYOND_PATH].filter(place =>
    path.isAbsolute(place),
  );
  const found = new Map<string, string>();

  function find(tool: string): string {
    const program = found.get(tool) ?? places.map(place => path.join(place, tool)).find(isProgram);
    if (program === undefined) throw missingTool(tool, DEBIAN_PACKAGES[tool]);
    found.set(tool, program);
    return program;
  }

  const childEnvironment = {
    PATH: places.join(path.delimiter),
    ...(environment.TMPDIR !== undefined && { TMPDIR: environment.TMPDIR }),
    LC_ALL: 'C.UTF-8',
    LANG: 'C.UTF-8',
    // FAT has local time; the same image is the same everywhere.
    TZ: 'UTC',
    // mtools: nobody's own settings, and no doubt about a geometry that files do not have.
    MTOOLSRC: '/dev/null',
    MTOOLS_SKIP_CHECK: '1',
  };

  return {
    run: async (tool, args, { input, signal, folder } = {}) => {
      const program = find(tool);
      if (signal?.aborted) throw new Fault('STOP-01', tool);
      const result = await ended(program, args, {
        environment: childEnvironment,
        ...(input && { input }),
        ...(signal && { signal }),
        ...(folder !== undefined && { folder }),
      });
      if (signal?.aborted) throw new Fault('STOP-01', tool);
      return result;
    },
  };
}

/** That a program, or a file that comes with one, is not there, and how it comes here. */
export function missingTool(what: string, debianPackage: string | undefined): Fault {
  return new Fault('USAGE-20', what, {
    ...(debianPackage !== undefined && {
      debianPackage,
      install: `apt-get install --no-install-recommends ${debianPackage}`,
    }),
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // Absent, or not this user's to run: the next place may have it.
  }
}

interface Start extends HostToolOptions {
  readonly environment: Readonly<Record<string, string>>;
}

function ended(
  program: string,
  args: readonly string[],
  { environment, input, signal, folder }: Start,
): Promise<HostToolResult> {
  return new Promise((resolve, reject) => {
    // Its own process group: Ctrl-C at the terminal is for us to act on, so that it is told as a stop and not as a tool that failed.
    const child = spawn(program, args, {
      env: environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(folder !== undefined && { cwd: folder }),
    });
    let grace: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGTERM');
      grace = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    };
    signal?.addEventListener('abort', stop, { once: true });
    const stdout = lastBytes(child.stdout);
    const stderr = lastBytes(child.stderr);
    // A tool may end without reading all of its input; its exit code tells.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const settle = (): void => {
      clearTimeout(grace);
      signal?.removeEventListener('abort', stop);
    };
    child.on('error', cause => {
      settle();
      reject(new Fault('USAGE-20', program, { expected: 'a program that can be started' }, { cause }));
    });
    // A tool that was stopped may leave one of its own behind for a moment, with its end of the pipes: that one is not waited for.
    child.on('exit', () => {
      if (!signal?.aborted) return;
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on('close', (code, endedBy) => {
      settle();
      resolve({
        exitCode: code ?? 128 + (SIGNAL_NUMBERS[endedBy ?? ''] ?? 0),
        stdout: stdout(),
        stderr: stderr(),
      });
    });
  });
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGSEGV: 11, SIGKILL: 9, SIGTERM: 15, SIGABRT: 6 };

function lastBytes(stream: NodeJS.ReadableStream): () => string {
  let kept = Buffer.alloc(0);
  stream.on('data', (piece: Buffer) => {
    kept = Buffer.concat([kept, piece]).subarray(-OUTPUT_MAX_BYTES);
  });
  return () => kept.toString('utf8');
}
