// Puts Prestage into the boot.wim of a copied source: which image takes it, would it start there, what was there before, and back again for a look.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileVersion } from '../../agent/machine/file-version.ts';
import { Advice } from '../setup/say.mjs';
import { readMediaAuthority } from './boot-authority.mjs';
import { chooseImage } from './choose-image.mjs';
import { copyFile } from './copy-file.mjs';
import { judgeStart } from './judge-start.mjs';
import { judgeWim } from './judge-wim.mjs';
import { layLauncherTree, pathsToDelete } from './launcher-tree.mjs';
import { memoryNeed } from './memory-need.mjs';
import { step } from './progress.mjs';
import { expect, readBack } from './read-back.mjs';
import { HIVE, hiveIn, readScratchSpace, setScratchSpace, USUAL_MEGABYTES } from './scratch-space.mjs';
import { BOOT_WIM, takeSource } from './source.mjs';
import { chooseUefiEntry } from './uefi-entry.mjs';
import { clearReadOnly } from './wim-flags.mjs';
import { wimImages } from './wim-images.mjs';
import { AGENT_PLACE } from './winpe-files.mjs';

/** @returns {Promise<{ assembled: object, uefi?: object }>} the report's part about boot.wim and boot managers; the UEFI entry of an ISO. Throws advice. */
export async function assemble({ options, source, config, agent, drivers, judged, signal, place }) {
  const wim = join(place.media, BOOT_WIM);
  const bootWimName = source.wim ?? `sources/boot.wim of ${options.from}`;
  await step(source.kind === 'iso' ? 'unpack the ISO' : 'copy the source', onPercent =>
    takeSource(source, { ...place, signal, onPercent }),
  );
  const { header, images, readOnly, hadIntegrityTable, compressAnew } =
    judged ?? (await checkWim(wim, { ...options, name: bootWimName, signal }));
  const bytesBefore = statSync(wim).size;
  if (readOnly) await clearReadOnly(wim);
  const chosen = chooseImage({
    images,
    bootIndex: header.bootIndex,
    asked: options.index,
    file: bootWimName,
  });
  const { index } = chosen.image;
  const bootWim = wimImages(wim, { name: bootWimName, signal });
  const listing = await bootWim.list(index);
  const read = entry => bootWim.read(index, entry, place.scratch);
  const preflight = await step('pre-flight', () =>
    judgeStart({ agent, listing, read, chosen, from: options.from }),
  );
  const replaced = await agentInside(listing, read, place.scratch);
  layLauncherTree(place.tree, { ...options, agent, drivers, beside: config.beside });
  const scratchSpace = await layHive({ listing, read, options, signal, place });
  const deleted = pathsToDelete(options, listing);
  // First the compression, then what is added: so the agent is compressed only once.
  if (compressAnew)
    await step(`compress boot.wim anew (${compressAnew})`, onPercent =>
      bootWim.optimize({ compress: compressAnew, onPercent }),
    );
  await step('put Prestage into boot.wim', onPercent =>
    bootWim.change(index, { paths: deleted, tree: 'tree', folder: place.scratch, onPercent }),
  );
  if (header.bootIndex !== index) await bootWim.makeBootable(index);
  await step('optimise boot.wim', onPercent => bootWim.optimize({ onPercent }));
  const back = await step('read boot.wim back', async onPercent => {
    const found = await readBack(bootWim, { index, tree: place.tree, deleted, signal, onPercent });
    await expectScratchSpace(scratchSpace, { bootWim, index, signal, place });
    return found;
  });
  const boot = await readMediaAuthority(place.media, listing);
  const uefi = options.iso
    ? await chooseUefiEntry({
        ...{ found: source.firmware.uefi, manager: boot.manager, ...place, listing, signal },
        read: (entry, folder) => bootWim.read(index, entry, folder),
      })
    : undefined;
  const assembled = {
    image: { index, name: chosen.image.name, why: chosen.why, of: images.length },
    bootIndexBefore: header.bootIndex,
    hadIntegrityTable,
    agent: { file: agent.file, version: agent.version, machine: agent.machine, bytes: agent.bytes },
    replaced,
    keyIds: config.keyIds,
    drivers: drivers.map(({ folder, infs }) => ({ folder, infs })),
    start: options.shell ? 'startnet.cmd' : 'winpeshl.ini',
    scratchSpace,
    preflight,
    compression: options.compress ?? header.compression.toUpperCase(),
    sizes: {
      before: bytesBefore,
      after: back.fileBytes,
      growth: back.fileBytes - bytesBefore,
      agent: back.storedBytesOf(AGENT_PLACE),
    },
    memory: memoryNeed({
      bootWimBytes: back.fileBytes,
      scratchMegabytes: scratchSpace.megabytes ?? USUAL_MEGABYTES,
    }),
    files: back.files,
    boot: { authority: boot.authority, ...boot.facts },
    notes: [
      ...boot.notes,
      ...(uefi?.notes ?? []),
      ...(scratchSpace.note ? [scratchSpace.note] : []),
      ...preflight.notes,
      ...(header.bootIndex === index
        ? []
        : [`Image ${index} starts now; before it was ${header.bootIndex || 'none'}.`]),
      ...(readOnly
        ? [`${bootWimName} is marked read-only in its header; the copy in media/ no longer is.`]
        : []),
    ],
  };
  return { assembled, uefi: uefi?.entry };
}

/** Whether a WIM can take the agent at all. */
export function checkWim(wim, options) {
  return step('check boot.wim', () => judgeWim(wim, options));
}

/** @returns {Promise<{ version?: string, bytes: number } | undefined>} the agent that was in the image already */
async function agentInside(listing, read, folder) {
  const entry = listing.get(`/${AGENT_PLACE.toLowerCase()}`);
  if (entry === undefined) return undefined;
  await read(entry);
  return { version: await fileVersion(join(folder, entry.path.split('/').pop())), bytes: entry.bytes };
}

async function layHive({ listing, read, options, signal, place }) {
  const entry = listing.get(`/${HIVE.toLowerCase()}`);
  if (entry === undefined)
    throw new Advice(
      `The image has no registry (\\${HIVE.replaceAll('/', '\\')}), so it is no whole Windows PE; nothing was made. Give a boot.wim or winpe.wim as Microsoft ships it.`,
    );
  const copy = join(place.scratch, 'SYSTEM.hive');
  writeFileSync(copy, await read(entry));
  const set = await setScratchSpace(copy, { megabytes: options.scratch, signal });
  if (set.megabytes !== undefined && set.megabytes !== set.was) copyFile(copy, hiveIn(place.tree));
  return set;
}

async function expectScratchSpace({ megabytes }, { bootWim, index, signal, place }) {
  if (megabytes === undefined) return;
  const entry = (await bootWim.list(index)).get(`/${HIVE.toLowerCase()}`);
  const copy = join(place.scratch, 'SYSTEM.back');
  writeFileSync(copy, await bootWim.read(index, entry, place.scratch));
  expect('scratch space', megabytes, (await readScratchSpace(copy, signal))?.megabytes);
}
