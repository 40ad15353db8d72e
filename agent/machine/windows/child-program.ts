// Starts one program, keeps the end of what it prints, and sees to its end: by itself, by its timeout or by a stop; then with all it started.
import { spawn } from 'node:child_process';
import type { HoldTogether } from './program-job.ts';

/** `program` is a path, or a name that is searched in PATH. `verbatim` is the rest of the command line as it stands. */
export interface ChildRequest {
  readonly program: string;
  readonly folder?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Either a list, quoted as Microsoft's C runtime reads it, or one text that is passed as it is. */
  readonly commandLine: readonly string[] | { readonly verbatim: string };
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Path of taskkill.exe, which ends a whole tree. */
  readonly taskkill: string;
  /** For programs that may start others which outlive their parent. */
  readonly holdTogether?: HoldTogether;
}

export type ChildEnd =
  | { readonly how: 'exited'; readonly exitCode: number; readonly stdout: Buffer; readonly stderr: Buffer }
  | { readonly how: 'timed-out' | 'stopped'; readonly stdout: Buffer; readonly stderr: Buffer }
  | { readonly how: 'not-started'; readonly cause: unknown };

const TAIL_BYTES = 64 * 1024;
/** Something that the program started may keep its pipes open for ever; what it printed until then is taken. */
const DRAIN_MS = 2_000;

/** Resolves when the program has ended, however it did; never rejects. */
export function runChild(request: ChildRequest): Promise<ChildEnd> {
  const { program, folder, environment, commandLine, timeoutMs, signal, taskkill, holdTogether } = request;
  const verbatim = 'verbatim' in commandLine;
  return new Promise(resolve => {
    const stdout = tail();
    const stderr = tail();
    let cut: 'timed-out' | 'stopped' | undefined;
    const child = spawn(program, verbatim ? [commandLine.verbatim] : commandLine, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...(verbatim ? { windowsVerbatimArguments: true, argv0: `"${program}"` } : {}),
    });
    const job = child.pid === undefined ? undefined : holdTogether?.(child.pid);
    const kill = (why: 'timed-out' | 'stopped') => (): void => {
      cut ??= why;
      // The tree first: it can be walked only while its root is there.
      killTree(child.pid, taskkill, () => {
        job?.end();
        child.kill();
      });
    };
    const timer = setTimeout(kill('timed-out'), timeoutMs);
    const onAbort = kill('stopped');
    signal?.addEventListener('abort', onAbort, { once: true });
    const finish = (end: ChildEnd): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      job?.close();
      resolve(end);
    };
    child.stdout.on('data', stdout.add);
    child.stderr.on('data', stderr.add);
    // Also emitted when a running child cannot be killed; then its end is still to come.
    child.on('error', cause => {
      if (child.pid === undefined) finish({ how: 'not-started', cause });
    });
    child.on('exit', code => {
      const output = () => ({ stdout: stdout.bytes(), stderr: stderr.bytes() });
      const end = (): void =>
        finish(
          cut
            ? { how: cut, ...output() }
            : { how: 'exited', exitCode: (code ?? 0xffff_ffff) >>> 0, ...output() },
        );
      const drained = setTimeout(end, DRAIN_MS);
      child.on('close', () => {
        clearTimeout(drained);
        end();
      });
    });
    if (signal?.aborted) onAbort();
  });
}

/** taskkill ends what the program has started, too; if it is missing, at least the program itself is ended. */
function killTree(pid: number | undefined, taskkill: string, killOne: () => void): void {
  if (pid === undefined) return;
  const killer = spawn(taskkill, ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
  killer.on('error', killOne);
  killer.on('exit', killOne);
}

function tail(): { add(piece: Buffer): void; bytes(): Buffer } {
  let kept = Buffer.alloc(0);
  let dropped = false;
  return {
    add(piece) {
      const all = Buffer.concat([kept, piece]);
      dropped ||= all.length > TAIL_BYTES;
      kept = all.subarray(Math.max(0, all.length - TAIL_BYTES));
    },
    bytes() {
      if (!dropped) return kept;
      // The cut may have halved a UTF-8 sequence, which would make all of it look like another code page.
      let start = 0;
      while (start < 3 && (kept[start]! & 0xc0) === 0x80) start += 1;
      return kept.subarray(start);
    },
  };
}
