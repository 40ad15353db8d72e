// A content manifest to bytes: the same manifest always gives the same bytes, because its digest is what machines pin.
import { createHash } from 'node:crypto';
import { type ContentManifest, type ContentReference, contentManifestSchema } from './manifest.ts';

/** The bytes to publish and what policy and media say of them. */
export interface EncodedManifest {
  readonly bytes: Uint8Array;
  readonly reference: ContentReference;
}

/**
 * Encodes as JSON with the fields in the order of the schema and the files in the order of their paths' UTF-16 units.
 * Paths are the caller's to check (`checkManifestPaths`).
 */
export function encodeManifest(manifest: ContentManifest): EncodedManifest {
  // Decoding puts the fields into the schema's order, whatever order the caller built them in.
  const ordered = contentManifestSchema.parse(manifest);
  const files = ordered.files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const bytes = Buffer.from(`${JSON.stringify({ ...ordered, files })}\n`);
  const { id, version, type, name } = ordered;
  return {
    bytes,
    reference: {
      id,
      version,
      type,
      name,
      digest: createHash('sha256').update(bytes).digest('hex'),
      manifestBytes: bytes.length,
      totalBytes: files.reduce((sum, file) => sum + file.size, 0),
    },
  };
}
