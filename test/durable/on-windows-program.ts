// Runs under Windows or Wine (node.exe on-windows-program.ts FOLDER): writes durably, hashes in worker threads, surveys, and prints what came of it as JSON.
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeManifest } from '../../agent/content/encode-manifest.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { machineDisk } from '../../agent/durable/disk.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { asFault } from '../../agent/fault/fault.ts';
import { readChunkIndex } from '../../agent/survey/chunk-indexes.ts';
import { surveyItem } from '../../agent/survey/survey-content.ts';
import { seeded } from '../support/seeded.ts';

const [folder = ''] = process.argv.slice(2);
const at = (...parts: readonly string[]): string => path.join(folder, ...parts);
const bytes = (text: string): Uint8Array => Buffer.from(text);
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

async function durableWrites(): Promise<Record<string, unknown>> {
  const files = openDurableFiles();
  const deep = at('deep', ...Array.from({ length: 8 }, (_, n) => `${n}-${'long'.repeat(12)}`));
  await files.makeFolder(deep);
  await files.replaceFile(path.join(deep, 'state.json'), bytes('first'));
  await files.replaceFile(path.join(deep, 'state.json'), bytes('second'));
  await files.append(at('journal'), bytes('one\n'));
  await files.append(at('journal'), bytes('two\n'));
  const partial = await files.openPartial(at('ü 日本.partial'));
  await partial.write(bytes('world'), 6);
  await partial.write(bytes('hello '), 0);
  await partial.truncate(9);
  await partial.flush();
  await partial.close();
  await files.linkOrCopyAll([
    { from: at('journal'), to: at('second name') },
    { from: at('journal'), to: at('third name') },
  ]);
  await files.copyFile(at('journal'), at('copy'));
  await files.rename(at('copy'), at('third name'));
  await files.rename(at('deep'), at('renamed'));
  const held = openSync(at('second name'), 'r+');
  const overOpen = await files.rename(at('third name'), at('second name')).then(() => 'renamed', code);
  return {
    pathLength: path.join(deep, 'state.json').length,
    state: readFileSync(path.join(deep.replace(at('deep'), at('renamed')), 'state.json'), 'utf8'),
    journal: readFileSync(at('journal'), 'utf8'),
    partial: readFileSync(at('ü 日本.partial'), 'utf8'),
    flushFolder: await machineDisk.flushFolder(folder).then(
      () => 'flushed',
      error => error.code,
    ),
    held: held > 0,
    overOpen,
    overFolder: await files.rename(at('journal'), at('renamed')).then(() => 'renamed', code),
    belowFile: await files.makeFolder(at('journal', 'below')).then(() => 'made', code),
    removed: await files.remove(at('renamed')).then(() => readdirSync(folder).sort()),
  };
}

async function content(): Promise<Record<string, unknown>> {
  const pool = openThreadPool({ size: 2, spawn: spawnWorker });
  try {
    const layout = cacheLayout(at('volume'));
    const large = seeded(1).bytes(3_000_000);
    const file = path.join(layout.item('CON00012'), 'Ordner', 'groß.bin');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, large);
    const { index, chunks, sha256: whole } = await pool.run('chunk-file', { path: file });
    mkdirSync(path.dirname(layout.chunkIndex(whole)), { recursive: true });
    writeFileSync(layout.chunkIndex(whole), index);
    const manifest = {
      format: 'prestage-content/1' as const,
      id: 'CON00012',
      version: '1',
      type: 'package' as const,
      name: 'A package',
      files: [
        {
          path: 'Ordner/groß.bin',
          size: large.length,
          sha256: whole,
          chunks: { count: chunks, sha256: sha256(index) },
        },
      ],
    };
    const { reference } = encodeManifest(manifest);
    const survey = () =>
      surveyItem({
        reference,
        manifest,
        local: { reference, manifest },
        layout,
        pool,
        readIndex: digest => readChunkIndex(layout, digest),
      });
    const sound = await survey();
    large[2_000_000] = large[2_000_000]! ^ 1;
    writeFileSync(file, large);
    const damaged = await survey();
    return {
      index: sha256(index),
      whole,
      outcomes: [sound.outcome, damaged.outcome],
      badRanges: damaged.files[0]?.badRanges.length,
    };
  } finally {
    await pool.close();
  }
}

function code(error: unknown): string {
  return asFault(error).code;
}

process.stdout.write(JSON.stringify({ durable: await durableWrites(), content: await content() }));
