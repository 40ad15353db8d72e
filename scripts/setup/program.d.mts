// Types of program.mjs.
interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}
/** Resolves to stdout; rejects with the command and the tail of its output when it ends with another code than 0. */
export function run(
  command: string,
  args: readonly string[],
  options?: ProgramOptions & { readonly input?: string },
): Promise<string>;
/** Runs on this terminal; resolves to the exit code. */
export function show(command: string, args: readonly string[], options?: ProgramOptions): Promise<number>;
/** The full path of a program, or undefined. */
export function find(name: string): string | undefined;
