// What policy says of one machine by its serial number, UUID or MAC address: its variables, its collections, whose user state it takes over.
import { z } from 'zod';
import { shortText, variableName, variables } from '../document/fields.ts';

/** Name of a collection. */
export const collectionName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}$/, 'the name of a collection');

/** The user state that this machine gives (`capture`), takes (`restore`), or keeps over its own new installation (`refresh`). */
export const userStateSchema = z.strictObject({
  role: z.enum(['capture', 'restore', 'refresh']).meta({
    description: 'refresh: this machine captures in WinPE what it restores in its own new Windows.',
  }),
  /** ID of the computer association. */
  association: z.uuid(),
  /** A share or folder that holds the stores of all associations; a relative path is one on the volume of Windows (`_SMSTSStateStore`). */
  store: z.string().min(1).max(1024),
  /** Base64 of the 32 bytes that encrypt the store. */
  key: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  /** `usmt` needs the package that holds scanstate and loadstate; `files` moves folders and no registry. */
  method: z.enum(['usmt', 'files']),
  package: z.string().optional(),
});

/** Travels encrypted, so that only the machine it is about can read it: see machine-shards.ts. */
export const machineRecordSchema = z.strictObject({
  format: z.literal('prestage-machine/1'),
  name: shortText.optional(),
  variables: variables.default({}),
  /** Names of variables whose values must never be shown. */
  secret: z.array(variableName).default([]),
  collections: z.array(collectionName).default([]),
  /** Base64 of the file that `djoin /provision /savefile` wrote. */
  domainJoinBlob: z.string().max(65_536).optional(),
  userState: userStateSchema.optional(),
});

export type UserStateOrder = Readonly<z.infer<typeof userStateSchema>>;
export type MachineRecord = Readonly<z.infer<typeof machineRecordSchema>>;
