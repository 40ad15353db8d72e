// The folder in which a disk image comes into being, and the tools that work there: only on files of that folder, by their bare names.
import { Fault } from '../fault/fault.ts';
import type { HostTools } from '../machine/host-tools.ts';

/** The image that is being made, in the workshop. */
export const DISK = 'disk';

/** A folder beside the image, gone afterwards. */
export interface Workshop {
  readonly folder: string;
  /** Fault: DISK-05 with the tool's words when it fails. */
  run(tool: string, ...args: readonly (string | number)[]): Promise<void>;
  /** As `run`, where failing is an answer. */
  tries(tool: string, ...args: readonly (string | number)[]): Promise<boolean>;
}

/** @param folder exists; the caller removes it. */
export function openWorkshop(
  folder: string,
  hostTools: HostTools,
  signal: AbortSignal | undefined,
): Workshop {
  const options = { folder, ...(signal && { signal }) };
  return {
    folder,
    run: async (tool, ...args) => {
      const { exitCode, stdout, stderr } = await hostTools.run(tool, args.map(String), options);
      if (exitCode !== 0)
        throw new Fault('DISK-05', tool, {
          native: exitCode,
          arguments: args.join(' '),
          said: `${stderr}\n${stdout}`.trim().slice(-2000),
        });
    },
    tries: async (tool, ...args) => (await hostTools.run(tool, args.map(String), options)).exitCode === 0,
  };
}

/** A file system inside the image, as mtools takes it. */
export function mtoolsImage(startBytes: number): readonly [string, string] {
  return ['-i', `${DISK}@@${startBytes}`];
}
