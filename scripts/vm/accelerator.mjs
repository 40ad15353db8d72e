// Whether this machine can run another one by hardware: found out by a start, because /dev/kvm alone proves nothing.
import { existsSync } from 'node:fs';
import { powerOn } from './machine.mjs';
import { buildStandIn } from './stand-in/build.mjs';

/** A good start says its first line in three seconds. */
const PROBE_MS = 20_000;

/**
 * Starts the stand-in's kernel, whatever is to be started after it.
 * @param {'auto' | 'kvm' | 'tcg'} wanted
 * @returns {Promise<{ accelerator: 'kvm' | 'tcg', because: string }>}
 */
export async function chooseAccelerator(wanted) {
  if (wanted === 'kvm' || wanted === 'tcg') return { accelerator: wanted, because: 'as asked' };
  if (!existsSync('/dev/kvm')) return { accelerator: 'tcg', because: 'there is no /dev/kvm' };
  await buildStandIn();
  const machine = powerOn({ start: 'kernel', accelerator: 'kvm', network: 'none' });
  try {
    await machine.line(/^@@ \S+ start$/, PROBE_MS);
    return { accelerator: 'kvm', because: 'a probe started by it' };
  } catch {
    return { accelerator: 'tcg', because: 'a probe did not start by /dev/kvm' };
  } finally {
    await machine.kill();
  }
}
