// The two documents of a store: `state.json`, written last, says what a whole capture consists of; `closed.json` says who has restored it.
import { z } from 'zod';
import { sha256Text } from '../content/manifest.ts';
import { checkManifestPath } from '../content/manifest-path.ts';
import { shortText, utcTime } from '../document/fields.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';

/** Caps, before anything is parsed. */
export const STATE_MAX_BYTES = 4 * 1024 * 1024;
export const CLOSED_MAX_BYTES = 64 * 1024;

/** A file of the store, relative to the association's folder, with the digest of the bytes as they are stored. */
const storedFileSchema = z.strictObject({
  name: z
    .string()
    .max(1024)
    .refine(name => checkManifestPath(name) === undefined, 'a path that stays in the store'),
  size: z.int().min(0),
  sha256: sha256Text,
});

const count = z.int().min(0);

/** A computer as the other one knows it: for people, and to tell two machines apart. */
const computerSchema = z.strictObject({
  manufacturer: shortText.optional(),
  model: shortText.optional(),
  serial: shortText.optional(),
  uuid: shortText.optional(),
  macs: z.array(shortText).max(64).default([]),
});

export const stateSchema = z.strictObject({
  format: z.literal('prestage-state/1'),
  association: z.uuid(),
  created: utcTime,
  computer: computerSchema,
  method: z.enum(['usmt', 'files']),
  /** Base64 of 32 random bytes, new for each capture: no key is used for two. */
  salt: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  /** In the order in which they are read. */
  files: z.array(storedFileSchema).max(20_000),
  /** What a person gets back; with USMT only USMT knows. */
  content: z.strictObject({ files: count, folders: count, bytes: count, leftOut: count }).optional(),
  /** A rehearsal recorded scanstate instead of running it: there is nothing to restore. */
  rehearsed: z.literal(true).optional(),
});

export const closedSchema = z.strictObject({
  format: z.literal('prestage-state-closed/1'),
  association: z.uuid(),
  /** SHA-256 of the state.json that was restored. */
  state: sha256Text,
  closed: utcTime,
  computer: computerSchema,
  /** When the deployment began that restored it: tells this installation of the computer from a later one. */
  deployment: utcTime.optional(),
});

export type StoredFile = Readonly<z.infer<typeof storedFileSchema>>;
export type StateDocument = Readonly<z.infer<typeof stateSchema>>;
export type ClosedDocument = Readonly<z.infer<typeof closedSchema>>;
export type StateComputer = Readonly<z.infer<typeof computerSchema>>;

/** What the facts of a machine come to in a document of the store. */
export function computerOf(facts: MachineFacts): StateComputer {
  const given = <N extends 'manufacturer' | 'model' | 'serial' | 'uuid'>(name: N) => {
    const text = facts[name]?.slice(0, 256) ?? '';
    return text === '' ? {} : { [name]: text };
  };
  return {
    ...given('manufacturer'),
    ...given('model'),
    ...given('serial'),
    ...given('uuid'),
    macs: facts.macAddresses.slice(0, 64),
  };
}
