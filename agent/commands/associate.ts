// prestage associate: which computer takes over whose user state, and the order with which the old one is captured.
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Command } from 'commander';
import { addAssociation, makeOrder } from '../author/associate.ts';
import { Fault } from '../fault/fault.ts';
import type { Composition } from './composition.ts';
import { addPassphraseOption, keyPassphrase, type PassphraseOptions } from './key-passphrase.ts';
import type { SecretWorld } from './secret-source.ts';

export interface AssociateOptions extends PassphraseOptions {
  readonly fromSerial?: string;
  readonly fromUuid?: string;
  readonly toSerial?: string;
  readonly toUuid?: string;
  readonly store?: string;
  readonly method?: string;
  readonly package?: string;
  readonly order?: string;
  readonly out?: string;
  readonly point?: string;
  readonly keys?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addAssociate(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = program
    .command('associate')
    .summary('let one computer take over the user state of another')
    .description(
      'Adds a computer association to SITE/associations.yaml; or, with --order, makes the signed order with which `prestage capture` captures the old computer.',
    )
    .argument('<site>', 'the folder that holds site.yaml')
    .option('--from-serial <serial>', 'the old computer, by serial number')
    .option('--from-uuid <uuid>', 'the old computer, by SMBIOS UUID')
    .option('--to-serial <serial>', 'the new computer, by serial number')
    .option('--to-uuid <uuid>', 'the new computer, by SMBIOS UUID')
    .option('--store <folder>', 'share or folder that holds the stores')
    .option(
      '--method <method>',
      'usmt, or files: folders alone, no registry (default: usmt with --package, else files)',
    )
    .option('--package <id>', 'with usmt: the package that holds scanstate')
    .option('--order <id>', 'make the order of this association instead')
    .option('--out <file>', 'with --order: the file to make; it holds a secret key')
    .option('--point <folder>', 'with --order and usmt: where the site was published to')
    .option('--keys <folder>', 'folder of the key files (default: SITE/keys)');
  addPassphraseOption(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage associate site --from-serial OLD1 --to-serial NEW1 --store \\\\srv\\state\n  prestage associate site --order 8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51 --out o.json',
    )
    .action(async (site: string, options: AssociateOptions) =>
      exit(await associate(site, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/associate.ts. */
export async function associate(
  site: string,
  options: AssociateOptions,
  composition: SecretWorld & Pick<Composition, 'print' | 'durable' | 'clock' | 'observe'>,
): Promise<number> {
  const answer =
    options.order === undefined
      ? await add(site, options, composition)
      : await order(site, options, composition);
  composition.print(
    options.json === true ? JSON.stringify(answer.json, undefined, 2) : answer.lines.join('\n'),
  );
  return 0;
}

interface Answer {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

async function add(
  site: string,
  options: AssociateOptions,
  { durable }: Pick<Composition, 'durable'>,
): Promise<Answer> {
  const from = computer('from', options.fromSerial, options.fromUuid);
  const to = computer('to', options.toSerial, options.toUuid);
  if (options.store === undefined) throw missing('--store', 'the share or folder that holds the stores');
  const tools = options.package;
  const added = await addAssociation(
    site,
    {
      id: randomUUID(),
      from,
      to,
      store: options.store,
      method: options.method ?? (tools === undefined ? 'files' : 'usmt'),
      ...(tools !== undefined && { package: tools }),
    },
    durable,
  );
  return {
    json: { format: 'prestage-association/1', ...added },
    lines: [
      `Association ${added.id} is in associations.yaml.`,
      'Next:',
      `  1. prestage publish ${site} --to FOLDER, so that the new computer knows of it`,
      `  2. prestage associate ${site} --order ${added.id} --out order.json${added.method === 'usmt' ? ' --point FOLDER' : ''}`,
      '  3. on the old computer, as administrator: prestage capture; 2 prints the whole line',
      '  4. deploy the new computer: it restores what was captured, then closes the association',
    ],
  };
}

async function order(
  site: string,
  { order: association, out, point, keys, passphraseFile, json }: AssociateOptions,
  composition: SecretWorld & Pick<Composition, 'clock' | 'observe'>,
): Promise<Answer> {
  if (association === undefined || out === undefined) throw missing('--out', 'the file to make');
  const made = await makeOrder(
    { site, association, out, ...(point !== undefined && { point }), ...(keys !== undefined && { keys }) },
    composition.clock,
    {
      passphrase: keyPassphrase(
        { ...(passphraseFile !== undefined && { passphraseFile }), json: json === true },
        composition,
      ),
      observe: composition.observe,
    },
  );
  composition.learnSecret([made.order.key]);
  const { key: _, ...shown } = made.order;
  return {
    json: { file: made.file, signature: made.signature, keyId: made.keyId, order: shown },
    lines: [
      `Order      ${made.file}`,
      `Signature  ${made.signature}`,
      `Valid until ${made.order.expires}, signed by key ${made.keyId}.`,
      'It holds the secret key of this one store: bring both files to the old computer on a way that only you use, and remove them afterwards.',
      'On the old computer, as administrator:',
      `  prestage capture --order ${path.basename(made.file)} --key ${made.publicKey}`,
      'Without --key where agent.yaml beside the executable has it as policyKeys.',
    ],
  };
}

function computer(end: 'from' | 'to', serial: string | undefined, uuid: string | undefined) {
  if (serial === undefined && uuid === undefined)
    throw missing(
      `--${end}-serial`,
      `the serial number of the ${end === 'from' ? 'old' : 'new'} computer, or --${end}-uuid`,
    );
  return { ...(serial !== undefined && { serial }), ...(uuid !== undefined && { uuid }) };
}

function missing(option: string, expected: string): Fault {
  return new Fault('USAGE-01', option, { expected, found: 'nothing' });
}
