// Walks a whole stream of frames and proves that it is complete and consistent, before anything of it is written to a computer: every file has
// its length and digest, no two have one name on Windows, and the sums are those that the sealed state.json tells.
import { createHash, type Hash } from 'node:crypto';
import { foldCase } from '../content/manifest-path.ts';
import { Fault } from '../fault/fault.ts';
import type { Frame } from './frames.ts';
import type { StateDocument } from './state-document.ts';

type Sums = NonNullable<StateDocument['content']>;

interface OpenFile {
  readonly path: string;
  readonly hash: Hash;
  size: number;
}

/** Fault: STATE-01 naming the first thing that is wrong. */
export async function verifyStream(
  frames: AsyncIterable<Frame>,
  expected: Sums,
  subject: string,
): Promise<void> {
  const sums = { files: 0, folders: 0, bytes: 0, leftOut: 0 };
  // 96 bits of a digest each: the names of half a million files would not be small.
  const names = new Set<string>();
  let open: OpenFile | undefined;
  const wrong = (wanted: string, found: string): Fault =>
    new Fault('STATE-01', subject, { expected: wanted, found });
  for await (const frame of frames) {
    const inFile = frame.kind === 'data' || frame.kind === 'file-end' || frame.kind === 'file-dropped';
    if (inFile !== (open !== undefined))
      throw wrong(inFile ? 'a file to begin' : 'the file to end', frame.kind);
    if (frame.kind === 'data') {
      open!.hash.update(frame.bytes);
      open!.size += frame.bytes.length;
    } else if (frame.kind === 'file-dropped') {
      open = undefined;
    } else if (frame.kind === 'file-end') {
      const { path, hash, size } = open!;
      if (frame.size !== size || frame.sha256 !== hash.digest('hex'))
        throw wrong(`${path} with ${frame.size} bytes`, `${size} bytes, or others`);
      sums.files += 1;
      sums.bytes += size;
      open = undefined;
    } else if (frame.kind === 'file') {
      const path = `${frame.profile}/${frame.path}`;
      const name = createHash('sha256').update(foldCase(path)).digest('base64').slice(0, 16);
      if (names.has(name)) throw wrong('each name once', path);
      names.add(name);
      open = { path, hash: createHash('sha256'), size: 0 };
    } else if (frame.kind === 'folder') sums.folders += 1;
    else if (frame.kind === 'left-out') sums.leftOut += 1;
    else requireEqual(frame, sums, wrong);
  }
  requireEqual(expected, sums, wrong);
}

function requireEqual(told: Sums, counted: Sums, wrong: (expected: string, found: string) => Fault): void {
  for (const name of ['files', 'folders', 'bytes', 'leftOut'] as const)
    if (told[name] !== counted[name]) throw wrong(`${told[name]} ${name}`, `${counted[name]}`);
}
