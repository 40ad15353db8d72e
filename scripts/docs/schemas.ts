// Writes docs/schemas/*.json, the JSON Schemas of all documents, from the definitions that decode them: `node scripts/docs/schemas.ts`.
// A test fails when one is stale.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type DocumentTable, SITE_DOCUMENTS, schemaTexts } from '../../agent/author/site-schemas.ts';
import { contentManifestSchema } from '../../agent/content/manifest.ts';
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
import { revocationsSchema, signedRevocationsSchema } from '../../agent/trust/revocations.ts';
import { signatureSchema } from '../../agent/trust/signature.ts';

/** File name -> what editors show as its title, and the definition. */
const DOCUMENTS: DocumentTable = {
  ...SITE_DOCUMENTS,
  'content-manifest.json': ['prestage-content/1', contentManifestSchema],
  'policy.json': ['prestage-policy/1', policySchema],
  'policy-pointer.json': ['prestage-policy-pointer/1', policyPointerSchema],
  'machine-shard.json': ['prestage-machines/1', machineShardSchema],
  'machine-record.json': ['prestage-machine/1', machineRecordSchema],
  'capture-order.json': ['prestage-capture-order/1', captureOrderSchema],
  'media-manifest.json': ['prestage-media/1', mediaManifestSchema],
  'receipt.json': ['prestage-receipt/1', receiptSchema],
  'revocations.json': ['prestage-revocations/1', revocationsSchema],
  'signed-revocations.json': ['prestage-signed-revocations/1', signedRevocationsSchema],
  'media-secrets.json': ['prestage-media-secrets/1', mediaSecretsSchema],
  'media-file.json': ['prestage-media-file/1', mediaFileSchema],
  'signature.json': ['prestage-signature/1', signatureSchema],
};

/** @returns file name -> text. */
export function schemaFiles(): ReadonlyMap<string, string> {
  return schemaTexts(DOCUMENTS);
}

if (import.meta.main) {
  const folder = path.resolve(import.meta.dirname, '../../docs/schemas');
  mkdirSync(folder, { recursive: true });
  const files = schemaFiles();
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(path.join(folder, name));
  for (const [name, text] of files) writeFileSync(path.join(folder, name), text);
}
