// Whether a file is a WIM that Windows' boot loader can start and that can be changed: if not, one sentence that says what to do.
import { basename } from 'node:path';
import { Fault } from '../../agent/fault/fault.ts';
import { checkIntegrity, describeWim } from '../../agent/wim/read-wim.ts';
import { Advice } from '../setup/say.mjs';
import { readWimFlags } from './wim-flags.mjs';

/** @returns header and images (agent/wim/read-wim.ts), and what a copy takes to be changed. Throws advice. */
export async function judgeWim(file, { name = file, signal, compress } = {}) {
  const described = await inWords(name, () => describeWim(file));
  const { header, images } = described;
  if (header.partCount > 1)
    throw new Advice(
      `${name} is part ${header.partNumber} of a WIM that was split into ${header.partCount}; nothing was made. Join the parts and take what that makes: wimlib-imagex join boot.wim ${basename(name).replace(/\d*\.swm$/i, '')}*.swm`,
    );
  if (header.solid || header.compression === 'lzms')
    throw new Advice(
      `${name} is an ESD (solid, LZMS), which Windows' boot loader does not start; nothing was made. Take Windows PE out of it and give that (in Microsoft's install.esd it is image 2): wimlib-imagex export ${name} 2 boot.wim --compress=LZX --boot`,
    );
  if (images.length === 0)
    throw new Advice(`${name} holds no image at all; nothing was made. Give the boot.wim of a Windows ISO.`);
  const { readOnly, writeInProgress } = await readWimFlags(file);
  if (writeInProgress)
    throw new Advice(
      `${name} is marked as being written: somebody is at it, or was broken off; nothing was made. Wait until that has ended, or get the file again. Should there be no other, this takes over what is whole in it, to be given with --from: wimlib-imagex export ${basename(name)} all whole.wim`,
    );
  const integrity = await inWords(name, () => checkIntegrity(file, { signal }));
  if (integrity.table === 'present' && integrity.badRanges.length > 0)
    throw new Advice(
      `${name} is damaged: its integrity table does not hold at ${integrity.badRanges.length} of its pieces, the first at byte ${integrity.badRanges[0].offset}. Nothing was made. Get the file again from where it came from.`,
    );
  return {
    ...described,
    readOnly,
    hadIntegrityTable: integrity.table === 'present',
    compressAnew: compress?.toLowerCase() === header.compression ? undefined : compress,
  };
}

async function inWords(name, work) {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code === 'STOP-01') throw thrown;
    const { expected, found } = thrown.detail;
    const facts = [expected && `expected ${expected}`, found !== undefined && `found ${found}`];
    const because = facts.filter(Boolean).join(', ');
    throw new Advice(
      thrown.code === 'IMAGE-01'
        ? `${name} is no WIM that Windows could start (${because}); nothing was made. Give the boot.wim of a Windows ISO, the ADK's winpe.wim, or the ISO itself.`
        : `${name} cannot be read as a WIM (${because || thrown.entry.title}); nothing was made. Get the file again from where it came from.`,
    );
  }
}
