// Whether QEMU can show a machine's screen here: on Debian its windows are a package of their own, which nothing else needs.
import { run } from '../setup/program.mjs';
import { Advice } from '../setup/say.mjs';

/** Throws advice where there is no window to be had. */
export async function requireWindow() {
  const displays = await run('qemu-system-x86_64', ['-display', 'help']);
  if (!/^gtk$/m.test(displays))
    throw new Advice(
      '--window: this QEMU has no windows. Install the package qemu-system-gui, or leave --window out: pictures of the screen are kept in out/vm. Nothing was started.',
    );
}
