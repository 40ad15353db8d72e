// The second proof: every file that the signed media manifest says applying leaves, looked at on the disk itself.
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import { cacheLayout } from '../content/layout.ts';
import { asFault } from '../fault/fault.ts';
import type { MediaFileEntry, MediaManifest } from '../media/media-manifest.ts';
import { type VerifiedMedia, verifyMedia } from '../media/verify-media.ts';
import type { PublicKey } from '../trust/keys.ts';
import { type FileToDigest, sha256OfFiles } from './digest-files.ts';
import type { AuthorWorld } from './publish.ts';
import { type AppliedVolumes, readAppliedManifest } from './read-media.ts';

/** One file of the list. `path` is relative to its volume. */
export interface ProvenFile {
  readonly volume: 'esp' | 'volume';
  readonly path: string;
  /** The content item it belongs to. */
  readonly id?: string;
  readonly bytes: number;
  readonly state: 'present' | 'damaged' | 'missing';
  readonly expected: string;
  /** What was found: a digest, a size, or what stands there instead. */
  readonly found?: string;
}

export interface AppliedProof {
  readonly manifest: MediaManifest;
  readonly keyId: string;
  readonly esp: 'proven' | 'not-reached' | 'none';
  readonly files: readonly ProvenFile[];
  readonly sound: boolean;
}

/** Faults: CONTENT-04 no media, TRUST-01..04, TRUST-08..10; a file that does not match is an answer, not a fault. */
export async function verifyApplied(
  volumes: AppliedVolumes,
  keys: readonly PublicKey[],
  world: AuthorWorld,
): Promise<AppliedProof> {
  const began = world.clock.ticks();
  const read = await readAppliedManifest(volumes.volume);
  const { manifest, key }: VerifiedMedia = verifyMedia(read.bytes, read.signature, keys, world.clock.now());
  const expected = [
    ...(await expectedOnVolume(manifest, volumes.volume)),
    ...expectedOnEsp(manifest, volumes.esp),
  ];
  const files = await prove(expected, world);
  const esp = manifest.esp.length === 0 ? 'none' : volumes.esp === undefined ? 'not-reached' : 'proven';
  world.observe({
    kind: 'finished',
    stage: 'verify',
    subject: manifest.name,
    seconds: (world.clock.ticks() - began) / 1000,
  });
  return {
    manifest,
    keyId: key.id,
    esp,
    files,
    sound: esp !== 'not-reached' && files.every(file => file.state === 'present'),
  };
}

/** A file that has to be there; `refused` when its manifest could not be read, which stands for all its files. */
interface ExpectedFile {
  readonly volume: ProvenFile['volume'];
  readonly path: string;
  readonly absolute: string;
  readonly entry: Pick<MediaFileEntry, 'size' | 'sha256'>;
  readonly id?: string;
}

function expectedOnEsp({ esp }: MediaManifest, folder: string | undefined): readonly ExpectedFile[] {
  if (folder === undefined) return [];
  return esp.map(entry => ({
    volume: 'esp',
    path: entry.path,
    absolute: path.join(folder, ...entry.path.split('/')),
    entry,
  }));
}

async function expectedOnVolume(manifest: MediaManifest, root: string): Promise<readonly ExpectedFile[]> {
  const layout = cacheLayout(root);
  const below = (relative: string) => path.join(root, ...relative.split('/'));
  const expected: ExpectedFile[] = manifest.volume.map(entry => ({
    volume: 'volume',
    path: entry.path,
    absolute: below(entry.path),
    entry,
  }));
  for (const reference of manifest.content) {
    const bytes = await readFile(layout.manifest(reference.digest)).catch(() => undefined); // Told below as missing: it is on the list itself.
    const content = bytes === undefined ? undefined : decodedOrDamaged(bytes, reference);
    if (content === undefined) continue;
    for (const file of content.files) {
      const absolute = path.join(layout.item(reference.id), ...file.path.split('/'));
      const relative = path.relative(root, absolute).split(path.sep).join('/');
      expected.push({ volume: 'volume', path: relative, absolute, entry: file, id: reference.id });
    }
  }
  return expected;
}

/** @returns undefined for a manifest that is damaged on the disk; its own row says so. */
function decodedOrDamaged(bytes: Uint8Array, reference: MediaManifest['content'][number]) {
  try {
    return decodeManifest(bytes, reference);
  } catch (thrown) {
    if (asFault(thrown).code === 'TRUST-07') return undefined;
    throw thrown;
  }
}

async function prove(expected: readonly ExpectedFile[], world: AuthorWorld): Promise<readonly ProvenFile[]> {
  const looked = await Promise.all(expected.map(async file => ({ file, wrong: await lookAt(file) })));
  const toDigest: FileToDigest[] = looked.flatMap(({ file, wrong }) =>
    wrong === undefined ? [{ path: file.absolute, absolute: file.absolute, size: file.entry.size }] : [],
  );
  const totalBytes = toDigest.reduce((sum, file) => sum + file.size, 0);
  let doneBytes = 0;
  world.observe({ kind: 'started', stage: 'verify', totalBytes });
  const digests = await sha256OfFiles(toDigest, {
    pool: world.pool,
    advance: bytes => {
      doneBytes = Math.min(doneBytes + bytes, totalBytes);
      world.observe({ kind: 'advanced', stage: 'verify', doneBytes, totalBytes });
    },
    ...(world.signal && { signal: world.signal }),
  });
  return looked.map(({ file, wrong }) => {
    const { volume, id, entry } = file;
    const base = {
      volume,
      path: file.path,
      bytes: entry.size,
      expected: entry.sha256,
      ...(id !== undefined && { id }),
    };
    if (wrong !== undefined) return { ...base, ...wrong };
    const found = digests.get(file.absolute);
    return found === entry.sha256
      ? { ...base, state: 'present' }
      : { ...base, state: 'damaged', found: found ?? 'no readable file' };
  });
}

/** Size first: a file of another length need not be read. */
async function lookAt({
  absolute,
  entry,
}: ExpectedFile): Promise<Pick<ProvenFile, 'state' | 'found'> | undefined> {
  const found = await lstat(absolute).catch(() => undefined); // Absent and unreachable are told alike.
  if (found === undefined) return { state: 'missing' };
  if (!found.isFile()) return { state: 'damaged', found: 'not a plain file' };
  return found.size === entry.size
    ? undefined
    : { state: 'damaged', found: `${found.size} bytes instead of ${entry.size}` };
}
