// `machine.json` of a rehearsal: what the folder is to say of the machine that it poses as. Absent, or absent in parts: a plausible PC.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { decodeYaml } from '../../document/decode-yaml.ts';
import { Fault } from '../../fault/fault.ts';

const text = z.string().max(256);

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
      memoryBytes: z.int().positive().optional(),
      firmware: z.enum(['uefi', 'bios', 'unknown']).optional(),
      architecture: z.enum(['x64', 'arm64', 'x86']).optional(),
      power: z.enum(['mains', 'battery', 'unknown']).optional(),
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
  /** Product codes and registry keys that are there from the start. */
  detected: z.array(text).optional(),
});
export type MachineFile = Readonly<z.infer<typeof machineFileSchema>>;

/** How a rehearsed installer ends: by the command line as authored, one code for every run or one a run (the last one stays). */
export const exitCodesSchema = z.record(
  z.string(),
  z.union([z.int().min(0).max(0xffff_ffff), z.array(z.int().min(0).max(0xffff_ffff)).min(1)]),
);
export type ExitCodes = Readonly<z.infer<typeof exitCodesSchema>>;

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
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new Fault('USAGE-08', file, {}, { cause });
  }
  return decodeYaml(bytes, schema, { file: name });
}
