// `npm run vm`: a computer in QEMU that starts from prestaged media. With an admin's own WinPE where there is one, else with the stand-in.
//   npm run vm                              the stand-in deploys a sample disk, by UEFI from the disk's own EFI system partition
//   npm run vm -- --disk disk.img           a prestaged disk, as `prestage media apply --disk-image` makes it; nothing of it is changed
//   npm run vm -- --iso prestage-winpe.iso  a CD of `npm run boot-image -- --iso`
// This file runs on any Node from 20 on; what follows the set-up runs on the pinned one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { at, NODE } from './setup/place.mjs';
import { main } from './setup/say.mjs';
import { setup } from './setup.mjs';
import { HELP, readOptions } from './vm/options.mjs';

// Ctrl-C goes to the whole foreground group: the child ends the machine and its server, and this process waits for it.
process.on('SIGINT', () => {});

await main(import.meta.url, async () => {
  const words = process.argv.slice(2);
  // Before the set-up, which may take minutes.
  if (readOptions(words) === undefined) return void process.stdout.write(HELP);
  await setup();
  const child = spawn(NODE, [at('scripts/vm/run.mjs'), ...words], { stdio: 'inherit' });
  // It is sent to one process, not to the group: without this the machine would go on alone.
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'close');
  return code ?? 1;
});
