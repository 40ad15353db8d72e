// `npm run vm`: a computer in QEMU that starts from prestaged media. With an admin's own WinPE where there is one, else with the stand-in.
//   npm run vm                              the stand-in deploys a sample disk, by UEFI from the disk's own EFI system partition
//   npm run vm -- --disk disk.img           a prestaged disk, as `prestage media apply --disk-image` makes it; nothing of it is changed
//   npm run vm -- --iso prestage-winpe.iso  a CD of `npm run boot-image -- --iso`
// This file runs on any Node from 20 on; what follows the set-up runs on the pinned one.
import { at, NODE } from './setup/place.mjs';
import { show } from './setup/program.mjs';
import { main } from './setup/say.mjs';
import { setup } from './setup.mjs';

// Ctrl-C goes to the whole foreground group: the child ends the machine and its server, and this process waits for it.
process.on('SIGINT', () => {});

await main(import.meta.url, async () => {
  await setup();
  return await show(NODE, [at('scripts/vm/run.mjs'), ...process.argv.slice(2)]);
});
