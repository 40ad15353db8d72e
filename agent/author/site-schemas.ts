// The JSON Schemas of what people write, by the file that holds them: for docs/schemas, and for the schemas folder of each site, where editors find
// them without a network, of the very version that will read the site.
import type { z } from 'zod';
import { jsonSchemaOf } from '../document/json-schema.ts';
import { agentConfigSchema } from '../trust/agent-config.ts';
import { associationsSchema, machinesSchema } from './machine-documents.ts';
import {
  collectionsSchema,
  contentSchema,
  deploymentsSchema,
  mediaDocumentSchema,
  siteSchema,
  taskSequenceDocumentSchema,
} from './site-documents.ts';

/** File name -> what editors show as its title, and the definition. */
export type DocumentTable = Readonly<Record<string, readonly [title: string, schema: z.ZodType]>>;

/** The documents of a site, and the agent's. */
export const SITE_DOCUMENTS = {
  'site.json': ['site.yaml of a Prestage site', siteSchema],
  'content.json': ['content.yaml of a Prestage content item', contentSchema],
  'task-sequence.json': ['A task sequence of a Prestage site', taskSequenceDocumentSchema],
  'deployments.json': ['deployments.yaml of a Prestage site', deploymentsSchema],
  'collections.json': ['collections.yaml of a Prestage site', collectionsSchema],
  'machines.json': ['machines.yaml of a Prestage site', machinesSchema],
  'associations.json': ['associations.yaml of a Prestage site', associationsSchema],
  'media.json': ['A media document of a Prestage site', mediaDocumentSchema],
  'agent.json': ['agent.yaml of a Prestage boot image', agentConfigSchema],
} as const satisfies DocumentTable;

/** @returns file name -> text. */
export function schemaTexts(documents: DocumentTable): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(documents).map(([name, [title, schema]]) => [
      name,
      `${JSON.stringify(jsonSchemaOf(schema, title), undefined, 2)}\n`,
    ]),
  );
}
