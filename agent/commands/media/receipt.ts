// The receipt at the end of `media verify`: key and serial number are there before the long proof, the receipt is laid after it.
import path from 'node:path';
import type { Command } from 'commander';
import type { AppliedTree } from '../../author/applied-tree.ts';
import { layReceiptIntoImage } from '../../author/image-receipt.ts';
import { loadPrivateKeyFile } from '../../author/key-files.ts';
import { layReceipt, makeReceipt, type ProvenDisk, receiptPlace } from '../../author/receipt.ts';
import { receiptText } from '../../console/receipt-text.ts';
import { Fault } from '../../fault/fault.ts';
import { thisSerialNumber } from '../../machine/this-serial-number.ts';
import type { Receipt } from '../../media/receipt.ts';
import type { PrivateKey } from '../../trust/keys.ts';
import type { Composition } from '../composition.ts';
import { addPassphraseOption, keyPassphrase, type PassphraseOptions } from '../key-passphrase.ts';

export interface ReceiptOptions extends PassphraseOptions {
  readonly receiptKey?: string;
  readonly receiptOut?: string;
  readonly serial?: string;
  readonly thisMachine?: boolean;
}

/** Adds the options of a receipt. */
export function addReceiptOptions(command: Command): Command {
  command
    .option('--receipt-key <file>', 'private key of the depot: leave a signed receipt on the disk')
    .option('--receipt-out <file>', 'also write the receipt here, and its .sig beside it')
    .option('--serial <number>', 'the receipt is for the computer with this serial number')
    .option('--this-machine', 'the receipt is for this computer, by its serial number');
  return addPassphraseOption(command);
}

export interface LaidReceipt {
  readonly receipt: Receipt;
  readonly keyId: string;
  /** Where first boot looks for it. */
  readonly place: string;
  /** Its copy for the records. */
  readonly copy?: string;
  /** False: the media names no depot, and first boot will not believe it. */
  readonly believed: boolean;
}

export interface ReceiptWork {
  /** Faults: USAGE-11 a key that is no depot's of this media, DISK-01..03, DISK-05, USAGE-20. */
  lay(proof: ProvenDisk, tree: AppliedTree): Promise<LaidReceipt>;
}

/** @returns undefined when no receipt is asked for. Faults: USAGE-01, USAGE-08, USAGE-10, USAGE-11, USAGE-16, USAGE-17. */
export async function openReceiptWork(
  options: ReceiptOptions,
  composition: Composition,
): Promise<ReceiptWork | undefined> {
  const { receiptKey, receiptOut, serial, thisMachine } = options;
  if (receiptKey === undefined) {
    const lone = Object.entries({
      '--receipt-out': receiptOut,
      '--serial': serial,
      '--this-machine': thisMachine,
    });
    const [first] = lone.find(([, value]) => value !== undefined) ?? [];
    if (first !== undefined) throw new Fault('USAGE-01', first, { expected: '--receipt-key with it' });
    return undefined;
  }
  const serialNumber = await serialNumberOf(options, composition);
  const key = await loadPrivateKeyFile(receiptKey, {
    observe: composition.observe,
    passphrase: keyPassphrase(options, composition),
  });
  return { lay: (proof, tree) => lay(proof, tree, { key, serialNumber, receiptOut }, composition) };
}

/** What the receipt came to, for the screen. */
export function laidLines({ receipt, keyId, place, copy, believed }: LaidReceipt): string[] {
  return [
    `Receipt: ${receiptText({ outcome: 'vouched', keyId, ...receipt })}.`,
    `It lies at ${place}${copy === undefined ? '' : `, and for your records at ${copy}`}.`,
    ...(believed
      ? []
      : ['This media names no depot (keys.depots in site.yaml): first boot will not believe the receipt.']),
  ];
}

async function serialNumberOf(
  { serial, thisMachine }: ReceiptOptions,
  { openMachine }: Composition,
): Promise<string | undefined> {
  if (serial !== undefined && thisMachine === true)
    throw new Fault('USAGE-01', '--this-machine', { expected: 'either --serial or --this-machine' });
  if (thisMachine === true) return thisSerialNumber(() => openMachine({}));
  const trimmed = serial?.trim();
  if (trimmed === '' || (trimmed?.length ?? 0) > SERIAL_MAX)
    throw new Fault('USAGE-01', '--serial', { expected: `1 to ${SERIAL_MAX} characters` });
  return trimmed;
}

/** As receiptSchema takes it. */
const SERIAL_MAX = 256;

async function lay(
  proof: ProvenDisk,
  tree: AppliedTree,
  {
    key,
    serialNumber,
    receiptOut,
  }: {
    readonly key: PrivateKey;
    readonly serialNumber: string | undefined;
    readonly receiptOut: string | undefined;
  },
  composition: Composition,
): Promise<LaidReceipt> {
  const { clock, version, durable } = composition;
  const signed = makeReceipt(proof, key, {
    clock,
    version,
    ...(serialNumber !== undefined && { serialNumber }),
  });
  const copy = receiptOut === undefined ? undefined : path.resolve(receiptOut);
  if (copy !== undefined)
    await layReceipt(
      signed,
      { folder: path.dirname(copy), receipt: copy, signature: `${copy}.sig` },
      durable,
    );
  const place = await onDisk();
  const { receipt, keyId, believed } = signed;
  return { receipt, keyId, place, believed, ...(copy !== undefined && { copy }) };

  async function onDisk(): Promise<string> {
    if (tree.image !== undefined) {
      const inside = await layReceiptIntoImage(signed, tree.image, composition);
      return `${inside} in ${tree.image.file}`;
    }
    const { esp } = proof.manifest.esp.length === 0 ? { esp: undefined } : tree;
    const at = receiptPlace({ esp, volume: tree.volume });
    await layReceipt(signed, at, durable);
    return at.receipt;
  }
}
