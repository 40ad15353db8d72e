// Installs one package: proven again, then its commands. A package has no detection, so the journal alone knows that it ran.
import { runInstaller } from './run-installer.ts';
import type { Step } from './step.ts';
import { verifiedItem } from './verified-item.ts';

export const installPackage: Step<'install-package'> = {
  name: 'install-package',
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run({ id }, world, _advance, course) {
    const { manifest, folder } = await verifiedItem(world, id);
    return await runInstaller({ id, commands: manifest.install ?? [], folder, course }, world);
  },
};
