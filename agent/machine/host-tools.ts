// Programs of the system that an author works on, such as those that make file systems: found once, run without a shell.

export interface HostToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HostTools {
  /** @returns what the program said; its exit code is the caller's to judge. Faults: USAGE-20 not installed (names the Debian package), STOP-01. */
  run(
    tool: string,
    args: readonly string[],
    options?: { readonly input?: Uint8Array; readonly signal?: AbortSignal },
  ): Promise<HostToolResult>;
}

/** (to be built) */
export function openHostTools(_environment: Readonly<Record<string, string | undefined>>): HostTools {
  return {
    run: async tool => {
      throw new Error(`${tool}: to be built`);
    },
  };
}
