// Reads an ISO by 7z: Microsoft's keep their files in UDF alone, and ISO 9660 holds no more than a text that says so.
import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Advice } from '../setup/say.mjs';
import { need } from './host.mjs';
import { runTool, ToolFailed } from './run-tool.mjs';

/** @returns {Promise<readonly { from: string, bytes: number }[]>} every file */
export async function listIso(iso, signal) {
  const text = await inWords(iso, () => runTool(need('7z'), ['l', '-slt', '-sccUTF-8', iso], { signal }));
  // What describes the ISO itself stands before this line.
  const blocks = text.slice(text.indexOf('\n----------\n') + 12).split('\n\n');
  return blocks.flatMap(block => {
    const field = name => new RegExp(`^${name} = (.*?)\\r?$`, 'm').exec(block)?.[1];
    const path = field('Path');
    if (path === undefined || field('Folder') === '+') return [];
    return [{ from: path.replaceAll('\\', '/'), bytes: Number(field('Size') || 0) }];
  });
}

/** Unpacks the chosen files. */
export async function unpackIso({ from: iso, files }, { media, scratch, signal, onPercent }) {
  const [unpacked, list] = [join(scratch, 'unpacked'), join(scratch, 'wanted.txt')];
  writeFileSync(list, files.map(({ from }) => `${from}\n`).join(''));
  const words = ['x', '-y', '-bsp1', '-scsUTF-8', '-spd', `-o${unpacked}`, iso, `@${list}`];
  await inWords(iso, () => runTool(need('7z'), words, { signal, onPercent }));
  makeWritable(unpacked);
  for (const { from, to } of files) {
    mkdirSync(dirname(join(media, to)), { recursive: true });
    renameSync(join(unpacked, from), join(media, to));
  }
}

/** What was on a disc may be read only, folders too; here it is changed, and removed afterwards. */
function makeWritable(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else chmodSync(path, 0o644);
  }
}

async function inWords(iso, work) {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof ToolFailed)) throw thrown;
    throw new Advice(
      `${iso} cannot be unpacked; nothing was made. Get it again from where it came from, and compare its digest with the one that is published there. (7z: ${thrown.words})`,
    );
  }
}
