// The ISO's UEFI entry has the authority of the media's boot manager: boot programs signed by authorities that bear Microsoft's names, in the floppies that
// efisys*.bin are, and the ISO's entry read back byte by byte.
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeEfiFloppy } from '../support/firmware-stand-ins.ts';
import { extract } from '../support/raw-disk.ts';
import { runBootImage, writeAgentConfig } from '../support/run-boot-image.ts';
import { CA_2023, openBootForge, PCA_2011 } from '../support/signed-boot.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeTree } from '../support/wim-kit.ts';
import { captureBootWim, layMedia, layWindowsPe, programOfVersion } from '../support/windows-pe-kit.ts';

const cwd = tempFolder('boot-image-authority');
const at = (...names: readonly string[]) => path.join(cwd, ...names);
const PATIENCE = { timeout: 120_000 };

type Signer = '2011' | '2023' | 'another' | 'nobody';
const programs = new Map<Signer, Uint8Array>();
const floppies = new Map<Signer, Buffer>();

beforeAll(async () => {
  writeAgentConfig(at('agent.yaml'));
  const forge = await openBootForge(at('forge'));
  programs.set('2011', await forge.sign(PCA_2011));
  programs.set('2023', await forge.sign(CA_2023));
  programs.set('another', await forge.sign('A maker of firmware'));
  programs.set('nobody', forge.unsigned);
  await writeTree(cwd, { 'small.exe': programOfVersion('1.2.3.0') });
  for (const [signer, program] of programs) {
    await writeTree(cwd, { [`${signer}.efi`]: program });
    floppies.set(signer, await makeEfiFloppy(at(`${signer}.img`), at(`${signer}.efi`)));
  }
  await layWindowsPe(at('pe'));
  await captureBootWim(at('plain.wim'), [{ folder: at('pe') }], { compression: 'xpress' });
  // As a cumulative update leaves it.
  await writeTree(at('pe/Windows/Boot'), {
    'EFI_EX/bootmgfw_EX.efi': programs.get('2023')!,
    'DVD/EFI/en-US/efisys_noprompt.bin': floppies.get('2011')!,
    'DVD_EX/EFI/en-US/efisys_EX.bin': 'waits for a key',
    'DVD_EX/EFI/en-US/efisys_noprompt_EX.bin': floppies.get('2023')!,
  });
  await captureBootWim(at('serviced.wim'), [{ folder: at('pe') }], { compression: 'xpress' });
});

interface Media {
  readonly manager: Signer;
  /** Whose floppy each file beside `media` is; a text is no floppy. */
  readonly bootbins: Readonly<Record<string, Signer | Uint8Array>>;
  readonly bootWim?: 'plain' | 'serviced';
}

/** Makes an ISO of copype's folder. @returns the report for programs and people, and what lies in the ISO. */
async function isoOf(name: string, { manager, bootbins, bootWim = 'plain' }: Media) {
  await layMedia(at(name, 'media'), { bootWim: at(`${bootWim}.wim`), sectors: false });
  await writeTree(at(name, 'media'), {
    'efi/boot/bootx64.efi': programs.get(manager)!,
    'bootmgr.efi': programs.get('2023')!,
  });
  const files = Object.entries(bootbins).map(([file, given]) => [
    file,
    typeof given === 'string' ? floppies.get(given)! : given,
  ]);
  await writeTree(at(name, 'bootbins'), {
    'etfsboot.com': Buffer.alloc(4096),
    ...Object.fromEntries(files),
  });
  const words = [
    '--config',
    'agent.yaml',
    '--agent',
    'small.exe',
    '--iso',
    '--from',
    name,
    '--to',
    `${name}/out`,
  ];
  const run = await runBootImage(words, { cwd });
  expect(run.stderr).not.toContain('failed');
  expect(run.code).toBe(0);
  await extract(at(name, 'out/prestage-winpe.iso'), at(name, 'iso'));
  return {
    report: JSON.parse(readFileSync(at(name, 'out/boot-image.json'), 'utf8')),
    text: run.stdout,
    entry: readFileSync(at(name, 'iso/EFI/Microsoft/Boot/iso-entry.bin')),
  };
}

const ADK = {
  'efisys.bin': '2011',
  'efisys_noprompt.bin': '2011',
  'efisys_EX.bin': '2023',
  'efisys_noprompt_EX.bin': '2023',
} as const;

test.each([
  ['2023', '2023', 'efisys_noprompt_EX.bin'],
  ['2011', '2011', 'efisys_noprompt.bin'],
] as const)(
  'of the ADK’s four files, media of %s get that of %s which waits for no key',
  PATIENCE,
  async (manager, authority, file) => {
    const { report, text, entry } = await isoOf(`adk-${manager}`, { manager, bootbins: ADK });
    expect(entry.equals(floppies.get(authority)!)).toBe(true);
    expect(report.boot).toMatchObject({ authority, managers: [{ path: 'EFI/BOOT/BOOTX64.EFI' }, {}] });
    expect(report.iso.uefi).toMatchObject({ authority, toldBy: 'signature' });
    expect(path.basename(report.iso.uefi.from)).toBe(file);
    expect(text).toMatch(new RegExp(`^authority +${authority}$`, 'm'));
    expect(text).toMatch(/^ +EFI\/BOOT\/BOOTX64\.EFI: signed through .+ \(expires \d{4}-\d\d-\d\d\)$/m);
    expect(text).toMatch(
      new RegExp(`^ISO .*; UEFI entry of ${authority} \\(by its signature\\): \\S+/${file}$`, 'm'),
    );
    expect(report.notes.filter((note: string) => note.includes('UEFI entry'))).toEqual([]);
  },
);

test('where the source has that of 2011 only, a serviced boot.wim gives that of 2023', PATIENCE, async () => {
  const { report, entry } = await isoOf('serviced', {
    ...{ manager: '2023', bootWim: 'serviced' },
    bootbins: { 'efisys.bin': '2011', 'efisys_noprompt.bin': '2011' },
  });
  expect(entry.equals(floppies.get('2023')!)).toBe(true);
  expect(report.iso.uefi).toEqual({
    authority: '2023',
    toldBy: 'signature',
    from: 'boot.wim: /Windows/Boot/DVD_EX/EFI/en-US/efisys_noprompt_EX.bin',
  });
  expect(report.notes).toEqual([]);
});

test('where no file fits, the ISO is made all the same, and told with what to do', PATIENCE, async () => {
  const { report, text, entry } = await isoOf('lacking', {
    manager: '2023',
    bootbins: { 'efisys.bin': '2011' },
  });
  expect(entry.equals(floppies.get('2011')!)).toBe(true);
  expect(report).toMatchObject({ boot: { authority: '2023' }, iso: { uefi: { authority: '2011' } } });
  expect(report.notes).toEqual([
    expect.stringMatching(
      /^EFI\/BOOT\/BOOTX64\.EFI is signed by the authority of 2023 \(Windows UEFI CA 2023\), the UEFI entry of the ISO \(efisys\.bin\) by the authority of 2011 \(Microsoft Windows Production PCA 2011\): firmware that has revoked 2011 does not start the ISO\. .*put efisys_noprompt_EX\.bin of a current ADK beside/,
    ),
  ]);
  expect(text).toContain(`note        ${report.notes[0]}`);
});

test(
  'a file is believed by its signature, not by its name, and by its name where nothing can be read',
  PATIENCE,
  async () => {
    const { report, entry } = await isoOf('renamed', {
      manager: '2023',
      bootbins: { 'efisys.bin': '2023', 'efisys_noprompt_EX.bin': 'nobody' },
    });
    expect(entry.equals(floppies.get('2023')!)).toBe(true);
    expect(report.iso.uefi).toMatchObject({ authority: '2023', toldBy: 'signature' });

    const unread = Buffer.alloc(1_474_560, 'no floppy');
    const named = await isoOf('unread', {
      manager: '2023',
      bootbins: { 'efisys.bin': '2011', 'efisys_EX.bin': unread },
    });
    expect(named.entry.equals(unread)).toBe(true);
    expect(named.report.iso.uefi).toMatchObject({ authority: '2023', toldBy: 'name' });
  },
);

test.each([
  ['another', 'other'],
  ['nobody', 'none'],
] as const)(
  'a boot manager signed by %s is told as %s, and the usual entry is taken',
  PATIENCE,
  async (manager, authority) => {
    const { report, text, entry } = await isoOf(`signed-by-${manager}`, { manager, bootbins: ADK });
    expect(report.boot.authority).toBe(authority);
    expect(text).toMatch(new RegExp(`^authority +${authority}$`, 'm'));
    expect(entry.equals(floppies.get('2011')!)).toBe(true);
  },
);

test('a boot.wim by itself has no boot manager, and that is told', PATIENCE, async () => {
  copyFileSync(at('plain.wim'), at('alone.wim'));
  const words = ['--config', 'agent.yaml', '--agent', 'small.exe', '--from', 'alone.wim', '--to', 'alone'];
  const run = await runBootImage(words, { cwd });
  expect(run.stdout).toMatch(/^authority +none: media\/ has no boot manager$/m);
});
