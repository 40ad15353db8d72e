// Bytes to a content manifest, in the only safe order: size, digest, form, paths. What this returns may be trusted as far as its digest.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../fault/fault.ts';
import { MAX_CHUNK_BYTES, maxChunkCount } from './chunking.ts';
import { type ContentManifest, contentManifestSchema, MANIFEST_MAX_BYTES } from './manifest.ts';
import { checkManifestPaths } from './manifest-path.ts';

/** What the signed document says of the manifest; a ContentReference fits. */
export interface ExpectedManifest {
  /** Lower-case hex SHA-256 of the manifest's bytes. */
  readonly digest: string;
  readonly id?: string;
  readonly version?: string;
}

const ISSUES_SHOWN = 20;

/**
 * Faults: TRUST-08 too large, TRUST-07 another digest, TRUST-10 not a manifest or not of this item, TRUST-09 a path that must not be used.
 * Nothing is parsed before the digest holds.
 */
export function decodeManifest(bytes: Uint8Array, expected: ExpectedManifest): ContentManifest {
  const subject = expected.id ?? expected.digest;
  if (bytes.length > MANIFEST_MAX_BYTES) {
    throw new Fault('TRUST-08', subject, {
      expected: `at most ${MANIFEST_MAX_BYTES} bytes`,
      found: bytes.length,
    });
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== expected.digest)
    throw new Fault('TRUST-07', subject, { expected: expected.digest, found: digest });
  const manifest = parse(bytes, subject);
  requireSame(subject, 'id', expected.id, manifest.id);
  requireSame(subject, 'version', expected.version, manifest.version);
  requireChunks(manifest);
  const problems = checkManifestPaths(manifest.files.map(file => file.path));
  if (problems.length > 0) {
    throw new Fault('TRUST-09', subject, {
      paths: problems.slice(0, ISSUES_SHOWN).map(problem => `${problem.path} ${problem.reason}`),
    });
  }
  return manifest;
}

function parse(bytes: Uint8Array, subject: string): ContentManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Fault('TRUST-10', subject, { expected: 'a JSON document in UTF-8' }, { cause });
  }
  const parsed = contentManifestSchema.safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues
      .slice(0, ISSUES_SHOWN)
      .map(issue => `${z.core.toDotPath(issue.path)}: ${issue.message}`);
    throw new Fault('TRUST-10', subject, { issues });
  }
  return parsed.data;
}

function requireSame(subject: string, field: string, expected: string | undefined, found: string): void {
  if (expected !== undefined && expected !== found)
    throw new Fault('TRUST-10', subject, { field, expected, found });
}

/** A file of more than one chunk has an index and no other has: readers rely on it to check small files whole and large ones in parts. */
function requireChunks(manifest: ContentManifest): void {
  for (const file of manifest.files) {
    const detail = { file: file.path, sizeBytes: file.size };
    if (file.size > MAX_CHUNK_BYTES !== (file.chunks !== undefined)) {
      throw new Fault('TRUST-10', manifest.id, {
        ...detail,
        expected: `a chunk index for a file of more than ${MAX_CHUNK_BYTES} bytes only`,
      });
    }
    if (file.chunks !== undefined && file.chunks.count > maxChunkCount(file.size)) {
      throw new Fault('TRUST-10', manifest.id, {
        ...detail,
        expected: `at most ${maxChunkCount(file.size)} chunks`,
        found: file.chunks.count,
      });
    }
  }
}
