// The JSON Schema of a document, from the same definition that decodes it, so that editors complete and check what Prestage will accept.
import { z } from 'zod';

/** @returns draft 2020-12, as it is before defaults are filled in. `title` is what editors show. */
export function jsonSchemaOf(schema: z.ZodType, title: string): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
  return { $schema, title, ...rest };
}
