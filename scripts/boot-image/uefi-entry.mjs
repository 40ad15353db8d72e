// Which efisys*.bin becomes the UEFI entry of an ISO. Each has a boot manager of its own in it, which firmware judges before that of the media: it must be
// signed by the same authority, or the ISO starts where the media does not, and the other way round.
// Source: Microsoft KB5053484; the ADK lays efisys_EX.bin and efisys_noprompt_EX.bin beside those of 2011, serviced boot images have them in \Windows\Boot\DVD_EX.
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { bootSignatures } from '../../agent/media/boot-signature.ts';
import { authorityWords, nameOfYear, yearsOf } from './boot-authority.mjs';
import { lookFor } from './host.mjs';
import { runTool, ToolFailed } from './run-tool.mjs';

/** As oscdimg's boot sectors for UEFI are called. */
export const UEFI_SECTORS = /^efisys(_noprompt)?(_ex)?\.bin$/i;
const IN_IMAGE = /^\/windows\/boot\/dvd(_ex)?\/efi\/[^/]+\/efisys(_noprompt)?(_ex)?\.bin$/;

/**
 * @param {{ found: readonly string[], manager?: object, media: string, scratch: string, listing: ReadonlyMap<string, object>,
 *   read: (entry: object, folder: string) => Promise<Buffer>, signal?: AbortSignal }} given `found` are the source's, below `media` or absolute; `listing` and
 *   `read` are of the boot image, which is looked into where none of these fits
 * @returns {Promise<{ entry?: { file: string, from: string, authority: string, toldBy: 'signature' | 'name' }, notes: readonly string[] }>}
 */
export async function chooseUefiEntry({ found, manager, media, scratch, listing, read, signal }) {
  const wanted = yearsOf(manager?.signatures);
  const fitting = entries =>
    wanted.length === 0
      ? entries[0]
      : wanted.map(year => entries.find(({ years }) => years.includes(year))).find(Boolean);
  const look = entries => judged(inOrder(entries), { scratch, signal });
  const ofSource = await look(
    found.map(file => ({ file, from: isAbsolute(file) ? file : join(media, file), told: file })),
  );
  const match = fitting(ofSource) ?? fitting(await look(await inImage({ listing, read, scratch })));
  const chosen = match ?? ofSource[0];
  if (chosen === undefined) return { notes: [] };
  const { file, told, authority, toldBy } = chosen;
  return {
    entry: { file, from: told, authority, toldBy },
    notes: match ? [] : [mismatch({ wanted: wanted[0], manager, told, authority })],
  };
}

const FILES = { 2023: ['efisys_noprompt_EX.bin', 'DVD_EX'], 2011: ['efisys_noprompt.bin', 'DVD'] };
/** Which firmware refuses an entry, by its authority. */
const REFUSED_BY = { 2011: 'that has revoked 2011', 2023: 'that does not know 2023' };

function mismatch({ wanted, manager, told, authority }) {
  const named = year => `the authority of ${year} (${nameOfYear(year)})`;
  const signer = authority in REFUSED_BY ? named(authority) : authority === 'none' ? 'nobody' : 'another one';
  const [file, folder] = FILES[wanted];
  return `${manager.path} is signed by ${named(wanted)}, the UEFI entry of the ISO (${basename(told)}) by ${signer}: firmware ${REFUSED_BY[authority] ?? 'with Secure Boot'} does not start the ISO. Neither the source nor \\Windows\\Boot\\${folder} of its boot.wim has one of ${wanted}: put ${file} of a current ADK beside the other efisys files and run this again, or start from media/ or a disk.`;
}

/** Nobody may be there to press a key, so the ones that wait for none come first; of those, the names that every source has. */
function inOrder(entries) {
  const rank = ({ file }) => (/noprompt/i.test(basename(file)) ? 0 : 1) + (isOfNewName(file) ? 2 : 0);
  return entries.toSorted((one, other) => rank(one) - rank(other));
}

const isOfNewName = file => /_ex\.bin$/i.test(basename(file));

async function judged(entries, { scratch, signal }) {
  const results = [];
  for (const entry of entries) {
    const program = await bootProgramIn(entry.from, { scratch, signal });
    const signatures = program && bootSignatures(program);
    const byName = isOfNewName(entry.file) ? '2023' : '2011';
    results.push(
      signatures
        ? {
            ...entry,
            years: yearsOf(signatures),
            authority: authorityWords(signatures),
            toldBy: 'signature',
          }
        : { ...entry, years: [byName], authority: byName, toldBy: 'name' },
    );
  }
  return results;
}

/** An efisys.bin is a floppy's FAT. @returns its boot program, undefined where it cannot be read: then its name has to do */
async function bootProgramIn(floppy, { scratch, signal }) {
  const mcopy = lookFor('mcopy');
  if (mcopy === undefined) return undefined;
  const copy = join(scratch, 'uefi-entry.efi');
  for (const name of ['BOOTX64.EFI', 'BOOTAA64.EFI'])
    try {
      await runTool(mcopy, ['-n', '-o', '-i', floppy, `::/EFI/BOOT/${name}`, copy], { signal });
      return readFileSync(copy);
    } catch (thrown) {
      if (!(thrown instanceof ToolFailed)) throw thrown;
    }
  return undefined;
}

async function inImage({ listing, read, scratch }) {
  const entries = [];
  for (const [key, entry] of listing) {
    if (!IN_IMAGE.test(key)) continue;
    const folder = join(scratch, `uefi-entry-${entries.length}`); // languages have files of one name
    mkdirSync(folder);
    await read(entry, folder);
    const from = join(folder, basename(entry.path));
    entries.push({ file: from, from, told: `boot.wim: ${entry.path}` });
  }
  return entries;
}
