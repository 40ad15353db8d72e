// `machine.json` of a rehearsal: what the folder is to say of the machine that it poses as. Absent, or absent in parts: a plausible PC.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { decodeYaml } from '../../document/decode-yaml.ts';
import { nativeCodeOf } from '../../durable/disk-fault.ts';
import { Fault } from '../../fault/fault.ts';

const text = z.string().max(256);
const answers = z.record(z.string(), z.string());

/** Facts, volumes and what detection rules shall find, as an admin writes them to rehearse for a certain model. */
export const machineFileSchema = z.strictObject({
  facts: z
    .strictObject({
      manufacturer: text.optional(),
      model: text.optional(),
      sku: text.optional(),
      serial: text.optional(),
      assetTag: text.optional(),
      uuid: text.optional(),
      macAddresses: z.array(text).optional(),
      ipAddresses: z.array(text).optional(),
      gateways: z.array(text).optional(),
      adSite: text.optional(),
      memoryBytes: z.int().positive().optional(),
      firmware: z.enum(['uefi', 'bios', 'unknown']).optional(),
      architecture: z.enum(['x64', 'arm64', 'x86']).optional(),
      power: z.enum(['mains', 'battery', 'unknown']).optional(),
      /** Hardware IDs of devices, such as PCI\VEN_8086&DEV_15F3. */
      devices: z.array(text).max(20_000).optional(),
    })
    .optional(),
  /** By folder name below `volumes`. */
  volumes: z
    .record(
      z.string(),
      z.strictObject({
        fileSystem: text.optional(),
        kind: z.enum(['fixed', 'removable', 'optical', 'network', 'ram', 'unknown']).optional(),
        sizeBytes: z.int().nonnegative().optional(),
        freeBytes: z.int().nonnegative().optional(),
      }),
    )
    .optional(),
  /** Disks beside or instead of the one that a rehearsal has: with the names of the folders below `volumes` that lie on each. */
  disks: z
    .array(
      z.strictObject({
        number: z.int().nonnegative(),
        sizeBytes: z.int().nonnegative(),
        bus: z.enum(['nvme', 'sata', 'scsi', 'sas', 'raid', 'usb', 'sd', 'virtual']).optional(),
        online: z.boolean().optional(),
        volumes: z.array(text).optional(),
      }),
    )
    .min(1)
    .optional(),
  /** Product codes and registry keys that are there from the start. */
  detected: z.array(text).optional(),
  /** What conditions find in the registry: by key, then by the name of the value. */
  registry: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Variables that the media's prestart command sets. */
  prestart: answers.optional(),
  /** Variables that other commands set, by the command line as it is run. */
  commands: z.record(z.string(), answers).optional(),
});
export type MachineFile = Readonly<z.infer<typeof machineFileSchema>>;

/** As `Machine.readRegistry` answers, from `registry` of machine.json; keys and names without regard to case. */
export function rehearsedRegistry(
  registry: NonNullable<MachineFile['registry']>,
  key: string,
  value: string | undefined,
): string | true | undefined {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const values = Object.entries(registry).find(([name]) => same(name, key))?.[1];
  if (values === undefined || value === undefined) return values && true;
  return Object.entries(values).find(([name]) => same(name, value))?.[1];
}

const end = z.union([z.int().min(0).max(0xffff_ffff), z.literal('timeout')]);

/**
 * How a rehearsed installer ends: by the command line as authored, one end for every run or one a run (the last one stays). An exit code, or
 * `timeout` for one that does not end and is stopped.
 */
export const exitCodesSchema = z.record(z.string(), z.union([end, z.array(end).min(1)]));

/** @returns the decoded `name` of the rehearsal folder, or undefined when it is absent. @throws Fault USAGE-02 with every mistake, USAGE-08. */
export async function readRehearsalFile<Schema extends z.ZodType>(
  disk: string,
  name: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  const file = path.join(disk, name);
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    if (nativeCodeOf(cause) === 'ENOENT') return undefined;
    throw new Fault('USAGE-08', file, {}, { cause });
  }
  return decodeYaml(bytes, schema, { file: name });
}
