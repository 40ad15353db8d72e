// The depot's receipt goes with the media: on the ESP it would otherwise outlive it, with the computer's serial number in it.
import { readdir } from 'node:fs/promises';
import { asFault } from '../fault/fault.ts';
import { receiptOnEsp } from '../media/media-paths.ts';
import type { StepWorld } from './step-world.ts';

/** Can be repeated. That it cannot be done is told: a finished deployment does not hang on it. */
export async function removeReceipt({
  machine,
  durable,
  observe,
}: Pick<StepWorld, 'machine' | 'durable' | 'observe'>): Promise<void> {
  try {
    const esp = await machine.systemVolume();
    if (esp === undefined) return;
    const { folder, receipt, signature } = receiptOnEsp(esp.root);
    await durable.remove(receipt);
    await durable.remove(signature);
    const left = await readdir(folder).catch(() => undefined); // Most media has none.
    if (left?.length === 0) await durable.remove(folder);
  } catch (thrown) {
    const { message } = asFault(thrown);
    const text = `The depot’s receipt may still lie on the EFI system partition: ${message}`;
    observe({ kind: 'note', level: 'warning', component: 'clean-up', text });
  }
}
