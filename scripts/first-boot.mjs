// `npm run first-boot`: everything from a fresh checkout to an installed machine, on real material, judged from outside.
// This file runs on any Node from 20 on; what follows the set-up runs on the pinned one.
//   node scripts/first-boot.mjs [--fresh] [linux] [windows]
import { rmSync } from 'node:fs';
import { at, NODE, OUT } from './setup/place.mjs';
import { show } from './setup/program.mjs';
import { main } from './setup/say.mjs';
import { setup } from './setup.mjs';

// Ctrl-C goes to the whole foreground group: the child stops its servers and Wine, and this process waits for it.
process.on('SIGINT', () => {});

await main(import.meta.url, async () => {
  const words = process.argv.slice(2);
  if (words.includes('--fresh'))
    for (const part of ['first-boot', 'sample']) rmSync(`${OUT}/${part}`, { recursive: true, force: true });
  await setup();
  return await show(NODE, [at('scripts/first-boot/run.mjs'), ...words.filter(word => word !== '--fresh')]);
});
