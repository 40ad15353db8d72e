// machines.yaml and associations.yaml: which machines a site knows before they are deployed, and which takes over whose user state.
import { z } from 'zod';
import { contentId } from '../content/manifest.ts';
import { macAddress, shortText, smbiosUuid, variables, wording } from '../document/fields.ts';
import { collectionName, userStateSchema } from '../policy/machine-record.ts';

/** Cap on machines.yaml: 150,000 machines with everything. */
export const MACHINES_MAX_BYTES = 32 * 1024 * 1024;

const serial = shortText.meta({ description: 'Serial number as the firmware gives it.' });

/** NetBIOS computer name: what Windows Setup takes. */
const computerName = wording(
  /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9-]{0,14}$/,
  'a computer name of at most 15 letters, digits and dashes, not digits alone',
);

/** One entry of `machines.yaml` */
export const machineSchema = z
  .strictObject({
    serial: serial.optional(),
    uuid: smbiosUuid.optional().meta({ description: 'SMBIOS UUID as Windows shows it.' }),
    macs: z.array(macAddress).min(1).max(32).optional(),
    name: computerName.optional().meta({ description: 'Computer name.' }),
    variables: variables.default({}),
    secret: variables
      .default({})
      .meta({ description: 'Variables whose values are never shown: as variables, kept apart.' }),
    collections: z.array(collectionName).default([]),
    domainJoinBlob: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'File that djoin /provision /savefile wrote, relative to the site folder.' }),
  })
  .refine(
    ({ serial: number, uuid, macs }) => number !== undefined || uuid !== undefined || macs !== undefined,
    'expected at least one of serial, uuid, macs',
  );

/** `machines.yaml` */
export const machinesSchema = z.array(machineSchema, 'a list of machines');

const computer = z
  .strictObject({ serial: serial.optional(), uuid: smbiosUuid.optional() })
  .refine(
    ({ serial: number, uuid }) => number !== undefined || uuid !== undefined,
    'expected serial or uuid, or both',
  );

/** One entry of `associations.yaml`. An absent ID is a mistake that offers one, see machine-issues.ts. */
export const associationSchema = z.strictObject({
  id: z
    .uuid('a UUID such as 8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51')
    .optional()
    .meta({ description: 'Required. Never used before: it names the store and decides its key.' }),
  from: computer.meta({ description: 'The computer whose user state is captured.' }),
  to: computer.meta({
    description: 'The computer that it is restored to; the same one when it is installed anew.',
  }),
  store: wording(
    /^(\\\\[^\\/]+\\.+|\/.+|[A-Za-z]:[\\/].+|(?!\.\.?([\\/]|$)|.*[\\/]\.\.?([\\/]|$))[^\\/:*?"<>|]+([\\/][^\\/:*?"<>|]+)*)$/,
    'a share or folder such as \\\\server\\state',
  )
    .max(userStateSchema.shape.store.maxLength ?? 1024)
    .meta({ description: 'Share or folder that holds the stores of all associations.' }),
  method: z.enum(['usmt', 'files']),
  package: contentId
    .optional()
    .meta({ description: 'With usmt: the package that holds scanstate and loadstate.' }),
});

/** `associations.yaml` */
export const associationsSchema = z.array(associationSchema, 'a list of computer associations');

/** @returns whether a store lies on the volume of the one computer that it is for, instead of on a share. */
export function isOnOwnVolume(store: string): boolean {
  return !/^(\\\\|\/|[A-Za-z]:)/.test(store);
}

export type MachineDocument = Readonly<z.infer<typeof machineSchema>>;
export type AssociationDocument = Readonly<z.infer<typeof associationSchema>>;
