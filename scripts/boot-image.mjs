// Puts Prestage into a boot image without the ADK: launcher files, agent and drivers into a copy of a boot.wim, an ISO and a disk on request, all read back.
//   npm run boot-image -- --from Win11.iso --config agent.yaml [--iso] [--disk]      --help tells the rest; docs/boot-image.md the reasons
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NODE } from './setup/place.mjs';
import { Advice, main } from './setup/say.mjs';

await main(import.meta.url, async () => {
  const words = process.argv.slice(2);
  if (!process.features.typescript) return underPinnedNode(words);
  const { bootImage } = await import('./boot-image/command.mjs');
  return bootImage(words);
});

/** Parts of the agent are used from source, and Node reads TypeScript from version 22.18 on. */
async function underPinnedNode(words) {
  if (!existsSync(NODE))
    throw new Advice(
      'This needs Node 22.18 or later; nothing was made. On Linux npm run setup brings it; elsewhere install it from nodejs.org.',
    );
  const child = spawn(NODE, [fileURLToPath(import.meta.url), ...words], { stdio: 'inherit' });
  // On a terminal the child gets the signal too; one that was sent to this process alone is passed on. Either way it ends first.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'close');
  return code ?? 1;
}
