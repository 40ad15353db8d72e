// Types and promises of session.mjs.
import type { ChildProcess } from 'node:child_process';

export interface WineResult {
  /** Windows exit codes arrive modulo 256. Undefined never; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | undefined;
  /** UTF-8, `\r\n` as `\n`. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface WineRun {
  /** Added to the session's environment; Wine passes it on. PATH of Windows is in the registry: set WINEPATH instead. */
  readonly env?: Readonly<Record<string, string>>;
  /** A Linux folder. */
  readonly cwd?: string;
  /** Given to the program on stdin, which ends after it. */
  readonly input?: string;
  /** Stdin stays open: whoever started the program types into `child.stdin`, and ends it. */
  readonly openInput?: boolean;
}

export interface WineSession {
  readonly prefix: string;
  /** The Linux path of a drive letter. */
  drive(letter: string): string;
  mapDrive(letter: string, folder: string): void;
  /** Starts a program (Linux or Windows path) through winpipe.exe; `ended` resolves when it and its pipes have ended. */
  start(
    program: string,
    args?: readonly string[],
    options?: WineRun,
  ): Promise<{ readonly child: ChildProcess; readonly ended: Promise<WineResult> }>;
  /** Runs a program to its end; rejects only when it takes longer than `timeoutMs` (120,000), with everything in the prefix killed. */
  run(
    program: string,
    args?: readonly string[],
    options?: WineRun & { readonly timeoutMs?: number },
  ): Promise<WineResult>;
  /** SIGKILL to every process of the prefix, server included: what is not on disk is lost. The session can be used again. */
  killAll(): Promise<void>;
  /** SIGKILL to the processes of one program (`prestage.exe`); Wine lives on. */
  killProgram(name: string): Promise<void>;
  /** SIGKILL to every process but the server, which has the registry in memory: `shutDown` after it has that written. */
  killPrograms(): Promise<void>;
  /** Ends Wine in order: the registry is written. */
  shutDown(): Promise<void>;
  /** Kills everything and removes the prefix. */
  close(): Promise<void>;
}

/**
 * @param options.prefix the folder of the prefix; made from the template when it does not exist
 * @param options.drives letter -> Linux folder
 * @param options.env for every program of the session
 */
export function openWine(options: {
  readonly prefix: string;
  readonly drives?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}): WineSession;

/** Lays wimgapi.dll (the bridge to libwim) beside a program, where Windows' loader looks first. */
export function layWimgapi(folder: string): void;

/** Copies the stand-in for Windows tools into `folder` under each tool's name, without .exe (`diskpart`, `bcdboot`). See test/stand-ins/record.c. */
export function layStandIns(folder: string, tools: readonly string[]): void;
