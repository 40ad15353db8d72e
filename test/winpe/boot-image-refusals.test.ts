// What `npm run boot-image` refuses, each with a sentence that says what to do, and with nothing put in place. The world is a whole Windows PE; each case
// differs from it in one thing.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { at as inCheckout } from '../../scripts/setup/place.mjs';
import { tool } from '../support/raw-disk.ts';
import { lastWords, runBootImage, writeAgentConfig } from '../support/run-boot-image.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, writeTree } from '../support/wim-kit.ts';
import {
  captureBootWim,
  layMedia,
  layWindowsPe,
  makeUdfIso,
  type WindowsPe,
} from '../support/windows-pe-kit.ts';

const cwd = tempFolder('boot-image-refusals');
const at = (...names: readonly string[]) => path.join(cwd, ...names);
const XPRESS = { compression: 'xpress' } as const;
const PATIENCE = { timeout: 120_000 };

beforeAll(async () => {
  writeAgentConfig(at('agent.yaml'));
  await layWindowsPe(at('pe'));
  await captureBootWim(at('winpe.wim'), [{ folder: at('pe') }], XPRESS);
});

/** A boot.wim of a Windows PE that differs. */
async function wimOf(name: string, differences: WindowsPe): Promise<string> {
  await layWindowsPe(at(name), differences);
  await captureBootWim(at(`${name}.wim`), [{ folder: at(name) }], XPRESS);
  return `${name}.wim`;
}

/** A DLL of Wine's whose header names another machine. */
function madeFor(machine: number, dll: string): Uint8Array {
  const bytes = readFileSync(at('pe/Windows/System32', dll));
  bytes.writeUInt16LE(machine, bytes.readUInt32LE(0x3c) + 4);
  return bytes;
}

interface Refusal {
  /** Makes what is given, and names it: the words after `--from`, or all words when they begin with an option. */
  readonly given: () => Promise<readonly string[]> | readonly string[];
  readonly says: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

const cases: Readonly<Record<string, Refusal>> = {
  'an image that boot.wim does not have': {
    given: () => ['winpe.wim', '--index', '2'],
    says: /winpe\.wim has no image 2; nothing was made\. It has: 1 "Microsoft Windows PE \(amd64\)"\. Give one of these with --index/,
  },
  'a boot.wim with Windows Setup alone': {
    given: async () => {
      const setup = { folder: at('pe'), name: 'Microsoft Windows Setup (x64)' };
      await captureBootWim(at('setup.wim'), [setup, { ...setup, name: 'Windows Setup, too' }], XPRESS);
      return ['setup.wim'];
    },
    says: /holds Windows Setup only .*Say which image is to take the agent with --index\./,
  },
  'Windows PE for x86': {
    given: async () => [
      await wimOf('x86', { files: { 'Windows/System32/ntdll.dll': madeFor(0x14c, 'ntdll.dll') } }),
    ],
    says: /is made for x86 \(ntdll\.dll\), the agent for x64: it would not start there\. Nothing was made\. Give a Windows PE for x64/,
  },
  'Windows PE for arm64': {
    given: async () => [
      await wimOf('arm64', { files: { 'Windows/System32/kernel32.dll': madeFor(0xaa64, 'kernel32.dll') } }),
    ],
    says: /is made for arm64 \(kernel32\.dll\), the agent for x64/,
  },
  'an image that is a whole Windows': {
    given: async () => {
      await writeTree(at('windows'), { 'Windows/System32/ntdll.dll': 'ntdll', 'Windows/explorer.exe': '' });
      await captureBootWim(at('install.wim'), [{ folder: at('windows'), name: 'Windows 11 Pro' }], XPRESS);
      return ['install.wim'];
    },
    says: /image 1 \("Windows 11 Pro"\) of \S+install\.wim is not Windows PE: .*Give a boot\.wim or winpe\.wim, not an install\.wim/,
  },
  'an image without DLLs that the agent imports': {
    given: async () => [await wimOf('slim', { without: ['dbghelp', 'winmm'] })],
    says: /lacks what the agent needs to start: dbghelp\.dll, winmm\.dll\. Nothing was made\. Take the Windows PE of a newer ADK/,
  },
  'an image whose API set leads to a DLL that is not there': {
    given: async () => [await wimOf('no-base', { without: ['kernelbase'] })],
    says: /needs to start: api-ms-win-core-synch-l1-2-0\.dll \(kernelbase\.dll\)\. /,
  },
  'an image without a registry': {
    given: async () => {
      await layWindowsPe(at('no-hive'));
      rmSync(at('no-hive/Windows/System32/config'), { recursive: true });
      await captureBootWim(at('no-hive.wim'), [{ folder: at('no-hive') }], XPRESS);
      return ['no-hive.wim'];
    },
    says: /has no registry \(\\Windows\\System32\\config\\SYSTEM\)/,
  },
  'a registry that is none': {
    given: async () => {
      await layWindowsPe(at('bad-hive'));
      writeFileSync(at('bad-hive/Windows/System32/config/SYSTEM'), 'no registry');
      await captureBootWim(at('bad-hive.wim'), [{ folder: at('bad-hive') }], XPRESS);
      return ['bad-hive.wim'];
    },
    says: /SYSTEM of the image is not a registry that hivexregedit can read; nothing was made\./,
  },
  'a scratch space where the image has no write filter': {
    given: async () => [await wimOf('no-filter', { scratch: 'none' }), '--scratch', '256'],
    says: /has no HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\FBWF, so its scratch space cannot be set; nothing was made\. Leave --scratch out/,
  },
  'an ISO without boot.wim': {
    given: async () => {
      await layMedia(at('drivers-disc'), {});
      await makeUdfIso(at('drivers.iso'), at('drivers-disc'));
      return ['drivers.iso'];
    },
    says: /drivers\.iso has no sources\/boot\.wim; nothing was made\. Give the ISO of Windows or of Windows PE: other discs/,
  },
  'an ISO that was cut off': {
    given: async () => {
      await layMedia(at('whole-disc'), { bootWim: at('winpe.wim') });
      await makeUdfIso(at('whole.iso'), at('whole-disc'));
      writeFileSync(at('cut.iso'), readFileSync(at('whole.iso')).subarray(0, 4_000_000));
      return ['cut.iso'];
    },
    says: /cut\.iso cannot be unpacked; nothing was made\. Get it again from where it came from, and compare its digest/,
  },
  'an ISO for two architectures': {
    given: async () => {
      for (const name of ['x64', 'x86']) await layMedia(at('both', name), { bootWim: at('winpe.wim') });
      await tool('genisoimage', ['-quiet', '-udf', '-o', at('both.iso'), at('both')]);
      return ['both.iso'];
    },
    says: /both\.iso has its sources\/boot\.wim in folders, .* \(x64, x86\); nothing was made\. .*: 7z x -oUNPACKED both\.iso, then --from UNPACKED\/x64$/,
  },
  'an unpacked ISO for two architectures': {
    given: async () => {
      for (const name of ['x86', 'x64'])
        await writeTree(at('unpacked', name), { 'sources/boot.wim': 'boot.wim' });
      return ['unpacked'];
    },
    says: /unpacked has its sources\/boot\.wim in folders, .*nothing was made\. Give one of them: --from \S+\/unpacked\/x64$/,
  },
  'a folder without boot.wim': {
    given: async () => {
      await layMedia(at('no-boot/media'), {});
      return ['no-boot'];
    },
    says: /no-boot\/media has no sources\/boot\.wim; nothing was made\. Give the folder that copype makes/,
  },
  'an ESD': {
    given: async () => {
      await tool('wimlib-imagex', ['export', at('winpe.wim'), '1', at('install.esd'), '--solid']);
      return ['install.esd'];
    },
    says: /install\.esd is an ESD \(solid, LZMS\), .*: wimlib-imagex export \S+install\.esd 2 boot\.wim --compress=LZX --boot/,
  },
  'a part of a split WIM': {
    given: async () => {
      await tool('wimlib-imagex', ['split', at('winpe.wim'), at('boot.swm'), '2']);
      return ['boot.swm'];
    },
    says: /boot\.swm is part 1 of a WIM that was split into \d+; nothing was made\. .*: wimlib-imagex join boot\.wim boot\*\.swm/,
  },
  'a file that is neither': {
    given: () => {
      writeFileSync(at('text.wim'), 'text');
      return ['text.wim'];
    },
    says: /text\.wim is neither an ISO nor a WIM; nothing was made\. Give the ISO of Windows/,
  },
  'a pipable WIM, which only wimlib reads': {
    given: async () => {
      await tool('wimlib-imagex', ['export', at('winpe.wim'), '1', at('pipable.wim'), '--pipable']);
      return ['pipable.wim'];
    },
    says: /pipable\.wim is no WIM that Windows could start .*; nothing was made\. Give the boot\.wim/,
  },
  'a WIM whose writing was broken off': {
    given: async () => {
      cpSync(at('winpe.wim'), at('begun.wim'));
      const flags = readFileSync(at('begun.wim')).readUInt8(0x10);
      await overwrite(at('begun.wim'), 0x10, Buffer.of(flags | 0x40));
      return ['begun.wim'];
    },
    says: /begun\.wim is marked as being written: .*nothing was made\. Wait .*: wimlib-imagex export begun\.wim all whole\.wim$/,
  },
  'a WIM that was cut off': {
    given: () => {
      writeFileSync(at('cut.wim'), readFileSync(at('winpe.wim')).subarray(0, 2_000_000));
      return ['cut.wim'];
    },
    says: /cut\.wim cannot be read as a WIM .*; nothing was made\. Get the file again/,
  },
  'a WIM whose integrity table does not hold': {
    given: async () => {
      cpSync(at('winpe.wim'), at('damaged.wim'));
      await overwrite(at('damaged.wim'), 1_000_000, Buffer.from('damage'));
      return ['damaged.wim'];
    },
    says: /damaged\.wim is damaged: its integrity table does not hold at 1 of its pieces, the first at byte 208\. Nothing was made\./,
  },
  'a WIM that nothing vouches for, with a damaged file that nobody asked for': {
    given: async () => {
      await captureBootWim(at('unsure.wim'), [{ folder: at('pe') }], { ...XPRESS, integrity: false });
      const listing = await tool('wimlib-imagex', [
        ...['dir', at('unsure.wim'), '1', '--detailed'],
        '--path=/Windows/System32/shell32.dll',
      ]);
      const offset = Number(/Offset in WIM += (\d+)/.exec(listing)?.[1]);
      await overwrite(at('unsure.wim'), offset + 100_000, Buffer.from('damage'));
      return ['unsure.wim'];
    },
    says: /unsure\.wim is damaged: its files do not have the digests that it gives\. Nothing was put in place\./,
  },
  'the example key of agent.yaml': {
    given: () => ['--from', 'winpe.wim', '--config', inCheckout('winpe/agent.yaml')],
    says: /agent\.yaml still has the example key .*nothing was made\. Put your site's public key in its place/,
  },
  'the example key among the root keys': {
    given: () => {
      writeAgentConfig(at('root.yaml'), `rootKeys:\n  - ed25519:${'A'.repeat(43)}=\n`);
      return ['--from', 'winpe.wim', '--config', 'root.yaml'];
    },
    says: /root\.yaml still has the example key/,
  },
  'an agent.yaml with mistakes': {
    given: () => {
      writeFileSync(at('bad.yaml'), 'keys: [none]\nlogs: 1\n');
      return ['--from', 'winpe.wim', '--config', 'bad.yaml'];
    },
    says: /bad\.yaml is not an agent\.yaml that the agent could read; nothing was made\..* bad\.yaml:1:8 .* bad\.yaml:2:1 /,
  },
  'an agent.yaml whose certificate is not beside it': {
    given: () => {
      writeAgentConfig(at('ca.yaml'), 'ca: [roots/site.pem]\n');
      return ['--from', 'winpe.wim', '--config', 'ca.yaml'];
    },
    says: /names the file roots\/site\.pem, which does not lie beside it/,
  },
  'no agent.yaml': {
    given: () => ['--from', 'winpe.wim'],
    says: /^--config is missing: the agent\.yaml with your site's public key; nothing was made\./,
  },
  'a driver folder without an .inf file': {
    given: async () => {
      await writeTree(at('packed'), { 'setup.exe': 'packed drivers' });
      return ['winpe.wim', '--drivers', 'packed'];
    },
    says: /packed holds no \.inf file, so no driver that could be loaded; nothing was made\. Unpack what the vendor gives/,
  },
  'a file beside the agent under a name of Prestage’s own': {
    given: () => ['winpe.wim', '--agent-files', 'agent.yaml'],
    says: /agent\.yaml is a name of Prestage's own beside the agent, .*nothing was made\. Rename the file/,
  },
  'an agent for Linux': {
    given: () => ['winpe.wim', '--agent', inCheckout('out/build/prestage')],
    says: /out\/build\/prestage is not a Windows program; nothing was made\./,
  },
  'a scratch space that DISM does not know': {
    given: () => ['winpe.wim', '--scratch', '1024'],
    says: /^--scratch takes 32, 64, 128, 256, 512 \(what DISM knows\), not 1024; nothing was made\.$/,
  },
  'a compression that Windows does not start': {
    given: () => ['winpe.wim', '--compress', 'LZMS'],
    says: /^--compress takes LZX or XPRESS, not LZMS; nothing was made\./,
  },
  'an option that does not exist': {
    given: () => ['winpe.wim', '--isos'],
    says: /'--isos'.*nothing was made\. See --help\.$/,
  },
  'an ISO of a WIM by itself': {
    given: () => ['winpe.wim', '--iso'],
    says: /An ISO or a disk needs the boot manager too, .* leave out --iso and --disk\./,
  },
  'an ISO where no boot sectors are': {
    given: async () => {
      await layMedia(at('bare/media'), { bootWim: at('winpe.wim'), sectors: false });
      return ['bare/media', '--iso'];
    },
    says: /No boot sectors for an ISO are in the source .*copype's bootbins or fwfiles folder/,
  },
  'a computer without wimlib': {
    given: () => ['winpe.wim'],
    env: { PATH: '/nowhere' },
    says: /^wimlib-imagex, which reads and writes boot\.wim, is not on PATH; nothing was made\. Install the Debian package wimtools/,
  },
  'a destination that holds something else': {
    given: async () => {
      await writeTree(at('mine'), { 'letter.txt': 'mine' });
      return ['winpe.wim', '--to', 'mine'];
    },
    says: /mine holds something that was not made by this; nothing was changed\. Give another folder with --to/,
  },
};

test.each(Object.entries(cases))('%s: refused in words', PATIENCE, async (_, { given, says, env }) => {
  const made = await given();
  const words = made[0]!.startsWith('--') ? made : ['--config', 'agent.yaml', '--from', ...made];
  mkdirSync(at('to'), { recursive: true });
  const run = await runBootImage(words.includes('--to') ? words : [...words, '--to', 'to/out'], {
    cwd,
    ...(env ? { env } : {}),
  });
  expect(lastWords(run)).toMatch(says);
  expect(run).toMatchObject({ code: 1, stdout: '' });
  expect(run.stderr).not.toMatch(/^ +at /m); // a sentence, not a stack
  expect(readdirSync(at('to'))).toEqual([]);
  if (existsSync(at('mine'))) expect(readdirSync(at('mine'))).toEqual(['letter.txt']);
});
