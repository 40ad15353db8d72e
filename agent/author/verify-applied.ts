// The second proof: every file that the signed media manifest says applying leaves, looked at on the disk itself or in an image of it, and nothing
// else where files are run from.
import { createHash } from 'node:crypto';
import { foldCase } from '../content/manifest-path.ts';
import type { MediaManifest } from '../media/media-manifest.ts';
import { type VerifiedMedia, verifyMedia } from '../media/verify-media.ts';
import type { PublicKey } from '../trust/keys.ts';
import type { AppliedTree, MediaPart } from './applied-tree.ts';
import { type ExpectedFile, type ExpectedFiles, expectedFiles } from './expected-files.ts';
import { foreignBootPrograms, foreignFiles } from './foreign-files.ts';
import type { AuthorWorld } from './publish.ts';
import { readAppliedManifest } from './read-media.ts';

/** One file of the list. `path` is relative to its volume. */
export interface ProvenFile {
  readonly volume: MediaPart;
  readonly path: string;
  /** The content item it belongs to. */
  readonly id?: string;
  readonly bytes: number;
  /** `foreign`: it lies where programs are run from, and no manifest names it. */
  readonly state: 'present' | 'damaged' | 'missing' | 'foreign';
  /** A digest; of a foreign file `nothing`. */
  readonly expected: string;
  /** What was found: a digest, a size, or what stands there instead. */
  readonly found?: string;
}

export interface AppliedProof {
  readonly manifest: MediaManifest;
  /** SHA-256 of the media manifest's bytes. */
  readonly manifestSha256: string;
  readonly keyId: string;
  readonly esp: 'proven' | 'not-reached' | 'none';
  readonly files: readonly ProvenFile[];
  readonly sound: boolean;
}

/** Faults: CONTENT-04 no media, TRUST-01..04, TRUST-08..10, DISK-03, DISK-09; a file that does not match is an answer, not a fault. */
export async function verifyApplied(
  tree: AppliedTree,
  keys: readonly PublicKey[],
  world: AuthorWorld,
): Promise<AppliedProof> {
  const began = world.clock.ticks();
  const read = await readAppliedManifest(tree);
  const { manifest, key }: VerifiedMedia = verifyMedia(read.bytes, read.signature, keys, world.clock.now());
  const expected = await expectedFiles(manifest, tree);
  const files = [...(await prove(expected.files, tree, world)), ...(await foreign(expected, tree))];
  const esp = manifest.esp.length === 0 ? 'none' : tree.esp === undefined ? 'not-reached' : 'proven';
  world.observe({
    kind: 'finished',
    stage: 'verify',
    subject: manifest.name,
    seconds: (world.clock.ticks() - began) / 1000,
  });
  return {
    manifest,
    manifestSha256: createHash('sha256').update(read.bytes).digest('hex'),
    keyId: key.id,
    esp,
    files,
    sound: esp !== 'not-reached' && files.every(file => file.state === 'present'),
  };
}

/** Each byte is read once: sizes first, then the files whose size is right and that did not have to be read already. */
async function prove(
  expected: readonly ExpectedFile[],
  tree: AppliedTree,
  world: AuthorWorld,
): Promise<readonly ProvenFile[]> {
  const looked = await Promise.all(expected.map(async file => ({ file, wrong: await lookAt(file, tree) })));
  const toDigest = looked.flatMap(({ file, wrong }) =>
    wrong === undefined && file.found === undefined ? [file] : [],
  );
  const totalBytes = toDigest.reduce((sum, file) => sum + file.entry.size, 0);
  let doneBytes = 0;
  world.observe({ kind: 'started', stage: 'verify', totalBytes });
  const digests = await tree.digest(
    toDigest.map(({ part, path, entry }) => ({ part, path, size: entry.size })),
    {
      pool: world.pool,
      advance: bytes => {
        doneBytes = Math.min(doneBytes + bytes, totalBytes);
        world.observe({ kind: 'advanced', stage: 'verify', doneBytes, totalBytes });
      },
      ...(world.signal && { signal: world.signal }),
    },
  );
  const found = new Map(toDigest.map((file, at) => [file, digests[at]]));
  return looked.map(({ file, wrong }) => ({
    volume: file.part,
    path: file.path,
    bytes: file.entry.size,
    expected: file.entry.sha256,
    ...(file.id !== undefined && { id: file.id }),
    ...(wrong ?? judge(file, file.found ?? found.get(file))),
  }));
}

function judge({ entry }: ExpectedFile, found: string | undefined): Pick<ProvenFile, 'state' | 'found'> {
  return found === entry.sha256
    ? { state: 'present' }
    : { state: 'damaged', found: found ?? 'no readable file' };
}

/** Size first: a file of another length need not be read. */
async function lookAt(
  file: ExpectedFile,
  tree: AppliedTree,
): Promise<Pick<ProvenFile, 'state' | 'found'> | undefined> {
  const standing = await tree.look(file);
  if (standing === undefined) return { state: 'missing' };
  if ('notPlain' in standing) return { state: 'damaged', found: standing.notPlain };
  return standing.size === file.entry.size
    ? undefined
    : { state: 'damaged', found: `${standing.size} bytes instead of ${file.entry.size}` };
}

async function foreign(
  { files, unknownFolders }: ExpectedFiles,
  tree: AppliedTree,
): Promise<readonly ProvenFile[]> {
  const named = (part: MediaPart) =>
    new Set(files.filter(file => file.part === part).map(file => foldCase(file.path)));
  const found = [
    ...(await foreignFiles(tree, named('volume'), unknownFolders)),
    ...(await foreignBootPrograms(tree, named('esp'))),
  ];
  return found.map(({ part, path, standing }) => ({
    volume: part,
    path,
    bytes: 'size' in standing ? standing.size : 0,
    state: 'foreign',
    expected: 'nothing',
    found: 'size' in standing ? `a file of ${standing.size} bytes` : standing.notPlain,
  }));
}
