// The boot image from beginning to end: look at everything that was given, work on a copy, read the result back, and only then put it in place.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Advice } from '../setup/say.mjs';
import { lookAtAgent, lookAtAgentFiles, lookAtConfig, lookAtDrivers } from './agent-files.mjs';
import { assemble, checkWim } from './assemble.mjs';
import { checkBootSectors, isoNotes } from './bootable-iso.mjs';
import { checkFreeSpace } from './free-space.mjs';
import { need } from './host.mjs';
import { makeImages } from './media-images.mjs';
import { lookAtSource, mediaNotes } from './source.mjs';
import { inWorkFolder, REPORT_FILE } from './work-folder.mjs';

/** @returns {Promise<object>} the report, which lies in the folder too. Throws advice; whatever is thrown, `to` is as it was. */
export async function buildBootImage(options, signal) {
  const started = performance.now();
  const given = await lookAtGiven(options, signal);
  const { source, agent, drivers } = given;
  if (options.iso) checkBootSectors(source.firmware);
  const bytes = agent.bytes + drivers.reduce((sum, driver) => sum + driver.bytes, 0);
  checkFreeSpace({ ...options, source, given: bytes });
  return inWorkFolder(options.to, async (folder, scratch) => {
    const place = { media: join(folder, 'media'), tree: join(scratch, 'tree'), folder, scratch };
    for (const path of [place.media, place.tree]) mkdirSync(path);
    const { assembled, uefi } = await assemble({ ...given, options, signal, place });
    const { bios } = source.firmware;
    const firmware = { ...(bios && { bios }), ...(uefi && { uefi: uefi.file }) };
    const { iso, ...more } = await makeImages({ options, firmware, signal, place });
    const report = {
      ...assembled,
      ...more,
      ...(iso && { iso: { ...iso, ...(uefi && { uefi: entryFacts(uefi) }) } }),
      from: options.from,
      to: options.to,
      notes: [...(options.iso ? isoNotes(firmware) : []), ...mediaNotes(source), ...assembled.notes],
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
    writeFileSync(join(folder, REPORT_FILE), `${JSON.stringify(report, undefined, 2)}\n`);
    return report;
  });
}

/** Of the UEFI entry what a report tells: whose it is, how that is known, where it was taken from. */
function entryFacts({ authority, toldBy, from }) {
  return { authority, toldBy, from };
}

/** Everything that can be judged without writing a byte. */
async function lookAtGiven(options, signal) {
  const wanted = ['wimlib-imagex', ...(options.iso ? ['xorriso'] : [])];
  for (const name of [...wanted, ...(options.disk ? ['sgdisk', 'mkfs.vfat', 'mcopy'] : [])]) need(name);
  const config = lookAtConfig(options.config);
  lookAtAgentFiles(options.agentFiles);
  const drivers = lookAtDrivers(options.drivers);
  const agent = await lookAtAgent(options.agent);
  const source = await lookAtSource(options.from, signal);
  if ((options.iso || options.disk) && source.kind === 'wim')
    throw new Advice(
      `An ISO or a disk needs the boot manager too, and ${options.from} is a WIM by itself; nothing was made. Give the ISO or the media folder that it came from, or leave out --iso and --disk.`,
    );
  // A folder's boot.wim is judged where it lies; that of an ISO once it is unpacked.
  const judged = source.wim === undefined ? undefined : await checkWim(source.wim, { ...options, signal });
  return { config, drivers, agent, source, judged };
}
