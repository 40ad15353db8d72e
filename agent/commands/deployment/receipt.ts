// The receipt of the depot at first boot: whether one of the depots that the media names has vouched for this disk.
import { receiptText } from '../../console/receipt-text.ts';
import { asFault, type Fault } from '../../fault/fault.ts';
import type { Machine } from '../../machine/machine.ts';
import { findReceipt } from '../../media/find-receipt.ts';
import { type JudgedReceipt, receiptFault } from '../../media/judge-receipt.ts';
import type { Observe } from '../../progress/event.ts';
import { type PublicKey, publicKey } from '../../trust/keys.ts';
import type { OpenedMedia } from './open-media.ts';

type ReceiptContext = Pick<OpenedMedia, 'volume' | 'manifest' | 'manifestSha256'> & {
  readonly machine: Machine;
  readonly observe: Observe;
  /** Whether a depot's key may still vouch; all may unless told otherwise. */
  readonly trusts?: (key: PublicKey) => boolean;
};

/** @returns undefined where the media names no depot and none has left a receipt: then there is nothing to say. Writes nothing. */
export async function judgeOwnReceipt(context: ReceiptContext): Promise<JudgedReceipt | undefined> {
  const { machine, manifest, manifestSha256, volume, observe, trusts = () => true } = context;
  const depots = manifest.depotKeys.length > 0 || manifest.receipt === 'required';
  // Without a depot nothing could be believed, and giving the ESP a letter would be for nothing.
  const esp = depots ? await espRoot(context) : undefined;
  const judged = await findReceipt(
    { esp, volume: volume.root },
    {
      keys: manifest.depotKeys.map(publicKey).filter(trusts),
      mediaId: manifest.mediaId,
      manifestSha256,
      serialNumber: async () => (await machine.facts()).serial,
    },
  );
  if (!depots && judged.outcome === 'none') return undefined;
  const level = judged.outcome === 'not-believed' && depots ? 'warning' : 'info';
  observe({ kind: 'note', level, component: 'receipt', text: `Receipt: ${receiptText(judged)}.` });
  return judged;
}

/** @returns TRUST-16 where the media demands a receipt and has none that is believed. */
export function missingReceipt(
  { manifest }: Pick<OpenedMedia, 'manifest'>,
  judged: JudgedReceipt | undefined,
): Fault | undefined {
  if (manifest.receipt !== 'required' || judged?.outcome === 'vouched') return undefined;
  return receiptFault(`media ${manifest.name}`, judged ?? { outcome: 'none' });
}

async function espRoot({ machine, observe }: ReceiptContext): Promise<string | undefined> {
  try {
    return (await machine.systemVolume())?.root;
  } catch (thrown) {
    // Without its ESP the receipt is not found, which is told; why must not be lost.
    const { message } = asFault(thrown);
    const text = `The EFI system partition cannot be looked at for a receipt: ${message}`;
    observe({ kind: 'note', level: 'warning', component: 'receipt', text });
    return undefined;
  }
}
