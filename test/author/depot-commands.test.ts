import { describe, expect, it } from 'vitest';
import { type DepotRequest, depotCommands } from '../../agent/author/depot-commands.ts';
import { asFault } from '../../agent/fault/fault.ts';
import { splitCommandLine } from '../../agent/machine/windows/command-line.ts';

const GIB = 1024 ** 3;
const ESP = [
  { path: 'EFI/BOOT/BOOTX64.EFI', size: 2_000_000, sha256: '' },
  { path: 'EFI/Microsoft/Boot/BCD', size: 30_000, sha256: '' },
  { path: 'Boot/BCD', size: 30_000, sha256: '' },
  { path: 'bootmgr', size: 400_000, sha256: '' },
  { path: 'sources/boot.wim', size: 600_000_000, sha256: '' },
];
const KEY = 'ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const request: DepotRequest = {
  wim: 'D:\\media\\depot.wim',
  file: { sha256: 'ab'.repeat(32) },
  manifest: { name: 'depot', esp: ESP },
  keys: [KEY],
  firmware: 'uefi',
  disk: 1,
  letters: { esp: 'S', volume: 'W' },
};

function refusal(differences: Partial<DepotRequest>) {
  try {
    depotCommands({ ...request, ...differences });
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was refused');
}

/** Arguments as a Windows program takes its command line apart (CommandLineToArgvW), for lines without escaped quotes. */
function argvOf(command: string): readonly string[] {
  const { program, rest } = splitCommandLine(command) ?? { program: '', rest: '' };
  const words = [...rest.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
  return [program, ...words];
}

describe('for UEFI', () => {
  const made = depotCommands(request);

  it('prints this script for diskpart', () => {
    expect(made.diskpart).toEqual([
      'select disk 1',
      'online disk noerr',
      'attributes disk clear readonly noerr',
      'clean',
      'convert gpt',
      'create partition efi size=1500',
      'format quick fs=fat32 label=System',
      'assign letter=S',
      'create partition msr size=16',
      'create partition primary',
      'format quick fs=ntfs label=Windows',
      'assign letter=W',
      'exit',
    ]);
  });

  it('prints these commands, in this order', () => {
    expect(made.commands.map(({ command }) => command)).toEqual([
      'certutil -hashfile D:\\media\\depot.wim SHA256',
      'diskpart /s depot.diskpart.txt',
      'dism /Apply-Image /ImageFile:D:\\media\\depot.wim /Index:1 /ApplyDir:S:\\ /CheckIntegrity /Verify',
      'dism /Apply-Image /ImageFile:D:\\media\\depot.wim /Index:2 /ApplyDir:W:\\ /CheckIntegrity /Verify',
      `prestage media verify W:\\ --esp S:\\ --key ${KEY}`,
    ]);
    expect(made.commands[0]?.why).toContain('ab'.repeat(32));
    expect(made.warnings).toEqual([]);
  });

  it('makes the system partition larger where its files need it', () => {
    const large = [...ESP, { path: 'sources/large.wim', size: 3 * GIB, sha256: '' }];
    const { diskpart } = depotCommands({ ...request, manifest: { name: 'depot', esp: large } });
    expect(Number(diskpart[5]?.split('=')[1])).toBeGreaterThan(3 * 1024 + 600);
  });

  it('keeps a path with blanks together, as DISM gets it', () => {
    const { commands } = depotCommands({ ...request, wim: 'D:\\our media (new)\\depot & co.wim' });
    expect(argvOf(commands[2]!.command)).toEqual([
      'dism',
      '/Apply-Image',
      '/ImageFile:D:\\our media (new)\\depot & co.wim',
      '/Index:1',
      '/ApplyDir:S:\\',
      '/CheckIntegrity',
      '/Verify',
    ]);
    expect(commands[1]!.command).toBe('diskpart /s "depot & co.diskpart.txt"');
  });

  it('names the WIM alone where its path is no path of Windows', () => {
    const { commands } = depotCommands({ ...request, wim: '/srv/out/depot.wim' });
    expect(commands[0]!.command).toBe('certutil -hashfile depot.wim SHA256');
  });

  it('leaves the disk to be filled in, at which diskpart stops, and warns where firmware finds nothing to start', () => {
    const { disk: _, ...open } = request;
    expect(depotCommands(open).diskpart[0]).toBe('select disk N');
    const { warnings } = depotCommands({ ...request, manifest: { name: 'depot', esp: ESP.slice(1) } });
    expect(warnings[0]).toContain('BOOTX64.EFI');
  });
});

describe('for BIOS', () => {
  it('makes an active partition, and boot code for it', () => {
    const made = depotCommands({ ...request, firmware: 'bios', letters: { esp: 'b:', volume: 'v:\\' } });
    expect(made.diskpart.slice(4, 9)).toEqual([
      'convert mbr',
      'create partition primary size=1500',
      'format quick fs=fat32 label=System',
      'active',
      'assign letter=B',
    ]);
    expect(made.diskpart).not.toContain('create partition msr size=16');
    expect(made.commands.map(({ command }) => command)).toContain('bootsect /nt60 B: /mbr');
  });

  it('is refused where the boot image has no files for it', () => {
    const manifest = { name: 'depot', esp: ESP.filter(({ path }) => path !== 'bootmgr') };
    expect(refusal({ firmware: 'bios', manifest })).toMatchObject({
      code: 'IMAGE-10',
      detail: { missing: ['bootmgr'] },
    });
  });
});

describe('what cannot be', () => {
  it.each([
    ['a letter for both', { letters: { esp: 'S', volume: 's:' } }, 'USAGE-01'],
    ['a folder for a letter', { letters: { esp: 'S:\\esp', volume: 'W' } }, 'USAGE-01'],
    ['a path that cmd.exe would expand', { wim: 'D:\\100%TEMP%\\depot.wim' }, 'USAGE-01'],
    [
      'a boot image that FAT32 cannot hold',
      { manifest: { name: 'depot', esp: [{ path: 'sources/boot.wim', size: 4 * GIB, sha256: '' }] } },
      'DISK-07',
    ],
  ])('refuses %s', (_, differences, code) => {
    expect(refusal(differences).code).toBe(code);
  });
});

describe('the syntax that Microsoft documents', () => {
  // DiskPart command reference (create-partition-efi, create-partition-msr, create-partition-primary, format, assign, online-disk,
  // attributes-disk) and "DISM Image Management Command-Line Options": a line that is none of these is a mistake.
  const DISKPART = [
    /^select disk \d+$/,
    /^online disk noerr$/,
    /^attributes disk clear readonly noerr$/,
    /^clean$/,
    /^convert (gpt|mbr)$/,
    /^create partition (efi|msr|primary)( size=\d+)?$/,
    /^format quick fs=(fat32|ntfs) label=\w{1,11}$/,
    /^active$/,
    /^assign letter=[A-Z]$/,
    /^exit$/,
  ];
  const DISM =
    /^dism \/Apply-Image \/ImageFile:\S+ \/Index:\d+ \/ApplyDir:[A-Z]:\\ \/CheckIntegrity \/Verify$/;

  it.each(['uefi', 'bios'] as const)('is what is printed for %s', firmware => {
    const { diskpart, commands } = depotCommands({ ...request, firmware });
    expect(diskpart.filter(line => !DISKPART.some(pattern => pattern.test(line)))).toEqual([]);
    const dism = commands.map(({ command }) => command).filter(command => command.startsWith('dism'));
    expect(dism).toHaveLength(2);
    for (const command of dism) expect(command).toMatch(DISM);
  });
});
