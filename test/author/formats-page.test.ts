import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { associationsSchema, machinesSchema } from '../../agent/author/machine-documents.ts';
import {
  collectionsSchema,
  contentSchema,
  deploymentsSchema,
  mediaDocumentSchema,
  siteSchema,
  taskSequenceDocumentSchema,
} from '../../agent/author/site-documents.ts';
import { contentManifestSchema } from '../../agent/content/manifest.ts';
import { decodeJson } from '../../agent/document/decode-json.ts';
import { decodeYaml } from '../../agent/document/decode-yaml.ts';
import {
  mediaFileSchema,
  mediaManifestSchema,
  mediaSecretsSchema,
} from '../../agent/media/media-manifest.ts';
import { receiptSchema } from '../../agent/media/receipt.ts';
import { captureOrderSchema } from '../../agent/policy/capture-order.ts';
import { policyPointerSchema } from '../../agent/policy/fetch-policy.ts';
import { machineRecordSchema } from '../../agent/policy/machine-record.ts';
import { machineShardSchema } from '../../agent/policy/machine-shards.ts';
import { policySchema } from '../../agent/policy/policy.ts';
import { agentConfigSchema } from '../../agent/trust/agent-config.ts';
import { passwordBoxSchema } from '../../agent/trust/password-box.ts';
import { revocationsSchema, signedRevocationsSchema } from '../../agent/trust/revocations.ts';
import { signatureSchema } from '../../agent/trust/signature.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  site: siteSchema,
  content: contentSchema,
  'task-sequence': taskSequenceDocumentSchema,
  deployments: deploymentsSchema,
  collections: collectionsSchema,
  machines: machinesSchema,
  associations: associationsSchema,
  media: mediaDocumentSchema,
  agent: agentConfigSchema,
  signature: signatureSchema,
  'signed-revocations': signedRevocationsSchema,
  'content-manifest': contentManifestSchema,
  policy: policySchema,
  'policy-pointer': policyPointerSchema,
  'machine-shard': machineShardSchema,
  'machine-record': machineRecordSchema,
  'capture-order': captureOrderSchema,
  'media-file': mediaFileSchema,
  'media-secrets': mediaSecretsSchema,
  'password-box': passwordBoxSchema,
  'media-manifest': mediaManifestSchema,
  receipt: receiptSchema,
};

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/formats.md'), 'utf8');
const examples = [...page.matchAll(/^```(yaml|json) (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, language, name, text]) => ({
    language,
    name: name ?? '',
    text: text ?? '',
  }),
);

describe('docs/formats.md', () => {
  it('has an example of every document', () => {
    expect(examples.map(example => example.name).sort()).toEqual(Object.keys(SCHEMAS).sort());
  });

  it('has a list of revoked keys inside the signed file', () => {
    const text = examples.find(({ name }) => name === 'signed-revocations')?.text ?? '';
    const { list } = signedRevocationsSchema.parse(JSON.parse(text));
    expect(revocationsSchema.parse(JSON.parse(list)).revoked).toHaveLength(1);
  });

  it.each(examples)('has an example of $name that decodes', ({ language, name, text }) => {
    const schema = SCHEMAS[name];
    if (schema === undefined) throw new Error(`no schema for ${name}`);
    if (language === 'yaml') decodeYaml(text, schema, { file: name });
    else decodeJson(Buffer.from(text), schema, { name, maxBytes: 65536 });
  });
});
