// All probes of the self-test for this system.
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Clock } from '../progress/clock.ts';
import { imagingProbes } from './imaging-probes.ts';
import type { Imaging } from './machine.ts';
import type { Probe } from './probe.ts';
import { runtimeProbes } from './runtime-probes.ts';

export interface ProbeWorld {
  readonly system: 'windows' | 'linux';
  /** An existing folder that probes may write in; they leave it as it was. */
  readonly folder: string;
  readonly durable: DurableFiles;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the executable may lay its native add-on, see native/addon.ts. */
  readonly addonFolders?: readonly string[];
  openImaging(): Promise<Imaging>;
}

/** @returns the probes; where the native add-on cannot be loaded, one that says so in the place of all that need it. */
export async function openProbes(world: ProbeWorld): Promise<readonly Probe[]> {
  const everywhere = [...runtimeProbes(world), ...imagingProbes(world.folder, world.openImaging)];
  if (world.system !== 'windows') return everywhere;
  try {
    const { openSystemLibraries } = await import('./windows/system-library.ts');
    const { diskProbes } = await import('./windows/disk-probes.ts');
    const { windowsProbes } = await import('./windows/windows-probes.ts');
    const { wimgapiProbes } = await import('./windows/wimgapi-probes.ts');
    const system = await openSystemLibraries(world.addonFolders);
    const usesWimgapi = await world.openImaging().then(
      imaging => imaging.name.startsWith('wimgapi'),
      () => true,
    );
    return [
      ...windowsProbes({ system, environment: world.environment }),
      ...diskProbes(system),
      ...everywhere,
      ...wimgapiProbes(system, world.folder, usesWimgapi),
    ];
  } catch (thrown) {
    return [
      {
        name: 'native add-on',
        fact: 'The native add-on can be loaded.',
        mandatory: true,
        run: () => Promise.reject(thrown),
      },
      ...everywhere,
    ];
  }
}
