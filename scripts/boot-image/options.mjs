// The command line of `npm run boot-image`, and its help.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BUILD, OUT } from '../setup/place.mjs';
import { Advice } from '../setup/say.mjs';
import { SCRATCH_MEGABYTES } from './scratch-space.mjs';

export const HELP = `Puts Prestage into a boot image, on Linux, or on Windows without the ADK.

  npm run boot-image -- --from ISO-or-boot.wim --config agent.yaml [options]

What it is made from
  --from PATH        the ISO of Windows or Windows PE, a boot.wim or winpe.wim,
                     or the ADK's folder (copype makes it); it is not changed
  --index N          image of boot.wim that takes the agent (the one to start,
                     unless that is Windows Setup)
  --agent FILE       prestage.exe (out/build/prestage.exe)
  --config FILE      agent.yaml with your site's public key; winpe/agent.yaml is
                     the template
  --agent-files FILE lies beside the agent: revocations.json (docs/keys.md); may
                     be given several times
  --drivers FOLDER   unpacked drivers that Windows PE loads before the agent
                     starts; may be given several times

What is made
  --to FOLDER        where it goes (out/boot-image): media/, boot-image.json;
                     what an earlier run made there is replaced
  --scratch MB       writable part of X: 32, 64, 128, 256 or 512 (512)
  --shell            startnet.cmd in a shell that stays, no winpeshl.ini
  --selftest         the first start tries the computer and leaves a report
  --compress TYPE    LZX or XPRESS (as boot.wim is)
  --iso              prestage-winpe.iso too, for BIOS and UEFI
  --disk             prestage-winpe.img too: a GPT disk with the media on it, to
                     try it in a virtual machine
  --json             the report as JSON on stdout
  --help             this text

Examples
  npm run boot-image -- --from Win11.iso --config site/agent.yaml --iso
  npm run boot-image -- --from C:\\WinPE --config agent.yaml --drivers vmd --disk
  npm run boot-image -- --from winpe.wim --config agent.yaml --shell

Then: prestage init site --boot-image out/boot-image/media, or copy media/ into
the site's content folder of the boot image.
`;

const OPTIONS = {
  from: { type: 'string' },
  index: { type: 'string' },
  to: { type: 'string' },
  agent: { type: 'string' },
  config: { type: 'string' },
  'agent-files': { type: 'string', multiple: true },
  drivers: { type: 'string', multiple: true },
  scratch: { type: 'string' },
  shell: { type: 'boolean' },
  selftest: { type: 'boolean' },
  compress: { type: 'string' },
  iso: { type: 'boolean' },
  disk: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
};

/** @returns the options with paths made absolute, or `{ help: true }`. Throws advice. */
export function readOptions(words) {
  const values = parsed(words);
  if (values.help) return { help: true };
  for (const [name, what] of [
    ['from', 'the ISO, the boot.wim or the media folder that it is made from'],
    ['config', "the agent.yaml with your site's public key"],
  ])
    if (values[name] === undefined)
      throw new Advice(`--${name} is missing: ${what}; nothing was made. See --help.`);
  return {
    from: resolve(values.from),
    index: number(values.index, 'index', value => value >= 1, 'the number of an image, from 1'),
    to: resolve(values.to ?? join(OUT, 'boot-image')),
    agent: resolve(values.agent ?? join(BUILD, 'prestage.exe')),
    config: resolve(values.config),
    drivers: (values.drivers ?? []).map(folder => resolve(folder)),
    scratch: number(
      values.scratch,
      'scratch',
      value => SCRATCH_MEGABYTES.includes(value),
      `${SCRATCH_MEGABYTES.join(', ')} (what DISM knows)`,
    ),
    agentFiles: (values['agent-files'] ?? []).map(file => resolve(file)),
    shell: values.shell === true,
    selftest: values.selftest === true,
    compress: compression(values.compress),
    iso: values.iso === true,
    disk: values.disk === true,
    json: values.json === true,
  };
}

function parsed(words) {
  try {
    return parseArgs({ args: words, options: OPTIONS }).values;
  } catch (thrown) {
    throw new Advice(`${thrown.message.split('. To specify')[0]}; nothing was made. See --help.`);
  }
}

function number(text, name, isGood, wanted) {
  if (text === undefined) return undefined;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (isGood(value)) return value;
  throw new Advice(`--${name} takes ${wanted}, not ${text}; nothing was made.`);
}

function compression(text) {
  const known = ['LZX', 'XPRESS'].find(name => name === text?.toUpperCase());
  if (text === undefined || known) return known;
  throw new Advice(
    `--compress takes LZX or XPRESS, not ${text}; nothing was made. Windows' boot loader starts no other.`,
  );
}
