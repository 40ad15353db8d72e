// `npm run boot-image` on sources laid out as Microsoft's, read back with wimlib, 7z, mtools, xorriso and hivex.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { WINPE_FILES } from '../../scripts/sample/boot-image.mjs';
import { BUILD, at as inCheckout } from '../../scripts/setup/place.mjs';
import { runPrestage } from '../blackbox/run-prestage.ts';
import { extract, partitionFile, partitionsOf, tool } from '../support/raw-disk.ts';
import { readHive } from '../support/registry-hive.ts';
import { applyImage, factOf, runBootImage, writeAgentConfig } from '../support/run-boot-image.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, readTree, writeTree } from '../support/wim-kit.ts';
import {
  captureBootWim,
  layMedia,
  layWindowsPe,
  makeUdfIso,
  PE,
  programOfVersion,
  SETUP,
} from '../support/windows-pe-kit.ts';

const cwd = tempFolder('boot-image');
const at = (...names: readonly string[]) => path.join(cwd, ...names);
const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const MEGABYTE = 1_000_000;
const FBWF = 'ControlSet001\\Services\\FBWF';

const wordsOf = (line: string) => line.split(' ');
/** Another agent than the real one, which the first test takes. */
const SMALL = '--agent small.exe';

/** Compresses the agent by LZX, which takes a busy machine its time. */
const PATIENCE = { timeout: 240_000 };

let keyId: string;
beforeAll(async () => {
  keyId = writeAgentConfig(at('agent.yaml'));
  writeFileSync(at('small.exe'), programOfVersion('1.2.3.0'));
  await layWindowsPe(at('pe'));
  await captureBootWim(at('winpe.wim'), [{ folder: at('pe') }], { compression: 'xpress' });
});

/** What of an applied image is Prestage's own, by digest. */
async function launcherOf(image: string) {
  const places = Object.fromEntries(
    Object.entries(WINPE_FILES).map(([name, place]) => [place, digest(inCheckout('winpe', name))]),
  );
  return {
    expected: {
      ...places,
      'Prestage/prestage.exe': digest(path.join(BUILD, 'prestage.exe')),
      'Prestage/agent.yaml': digest(at('agent.yaml')),
    },
    found: await readTree(image),
  };
}

test(
  'an ISO of Windows becomes media, an ISO and a disk that start Prestage, 36 MB larger at most',
  PATIENCE,
  async () => {
    await captureBootWim(at('iso/boot.wim'), [{ folder: at('pe') }, { folder: at('pe'), name: SETUP }]);
    await layMedia(at('iso/media'), { bootWim: at('iso/boot.wim') });
    await makeUdfIso(at('iso/windows.iso'), at('iso/media'));
    const before = digest(at('iso/windows.iso'));

    const words = wordsOf('--from iso/windows.iso --config agent.yaml --to iso/out --iso --disk');
    const { code, stdout, stderr } = await runBootImage(words, { cwd });
    expect(stderr).not.toContain('failed');
    expect(code).toBe(0);
    expect(stdout).toContain(`image 1 of 2 "${PE}" (image 2, marked to start, is Setup)`);
    expect(stdout).toContain(`trusts ${keyId}`);
    expect(stdout).toMatch(/memory +\d+ MB: boot.wim \d+ in one piece \+ scratch 512 \+ 512 /);
    expect(stdout).toContain('api-ms-win-core-synch-l1-2-0.dll is kernelbase.dll');
    expect(stdout).toMatch(/ISO +[\d.]+ MB, starts on BIOS and UEFI/);
    expect(digest(at('iso/windows.iso'))).toBe(before);

    const wim = at('iso/out/media/sources/boot.wim');
    expect(readdirSync(at('iso/out')).sort()).toEqual([
      'boot-image.json',
      'media',
      'prestage-winpe.img',
      'prestage-winpe.iso',
    ]);
    const media = await readTree(at('iso/out/media'));
    expect(Object.keys(media)).toEqual([
      'EFI/BOOT/BOOTX64.EFI',
      'EFI/Microsoft/Boot/BCD',
      'EFI/Microsoft/Boot/efisys.bin',
      'EFI/Microsoft/Boot/efisys_noprompt.bin',
      'boot/bcd',
      'boot/boot.sdi',
      'boot/etfsboot.com',
      'boot/fonts/segoe_slboot.ttf',
      'bootmgr',
      'bootmgr.efi',
      'sources/boot.wim',
    ]);

    const growth = statSync(wim).size - statSync(at('iso/boot.wim')).size;
    process.stdout.write(`boot.wim grows by ${(growth / MEGABYTE).toFixed(2)} MB (LZX)\n`);
    expect(growth).toBeLessThanOrEqual(36 * MEGABYTE);
    expect(await factOf(wim, 'Compression')).toBe('LZX');
    expect(await factOf(wim, 'Boot Index')).toBe('1');
    expect(await factOf(wim, 'Attributes')).toContain('Integrity info');

    const { expected, found } = await launcherOf(await applyImage(wim, 1, at('iso/applied')));
    expect(found).toMatchObject(expected);
    const untouched = await readTree(at('pe'));
    const others = Object.entries(untouched).filter(
      ([name]) => !(name in expected) && !/SYSTEM(\.txt)?$/.test(name),
    );
    expect(found).toMatchObject(Object.fromEntries(others));
    expect(await readTree(await applyImage(wim, 2, at('iso/setup')))).toEqual(untouched);
    expect(await readHive(at('iso/applied/Windows/System32/config/SYSTEM'), FBWF)).toBe(
      `[\\${FBWF}]\n"Start"=dword:00000000\n"Type"=dword:00000002\n"WinPECacheThreshold"=dword:00000200`,
    );

    await extract(at('iso/out/prestage-winpe.iso'), at('iso/unpacked'));
    expect(await readTree(at('iso/unpacked'))).toMatchObject(media);
    const entries = await tool('xorriso', [
      '-indev',
      at('iso/out/prestage-winpe.iso'),
      '-report_el_torito',
      'plain',
    ]);
    expect(entries).toMatch(/boot img : +1 +BIOS +y +none .* 8 /);
    expect(entries).toMatch(/boot img : +2 +UEFI +y +none /);
    expect(entries).toMatch(/img path : +2 +\/EFI\/Microsoft\/Boot\/efisys_noprompt\.bin/);

    // And a site takes it as it is.
    await writeTree(at('iso/windows'), { 'Windows/System32/ntoskrnl.exe': 'a new Windows' });
    await captureBootWim(at('iso/install.wim'), [{ folder: at('iso/windows'), name: 'Windows 11' }]);
    const site = ['init', 'iso/site', '--os-image', 'iso/install.wim', '--boot-image', 'iso/out/media'];
    expect(await runPrestage(site, { cwd })).toMatchObject({ code: 0 });

    const [partition, ...more] = await partitionsOf(at('iso/out/prestage-winpe.img'));
    expect(more).toEqual([]);
    expect(partition).toMatchObject({ number: 1, type: 'EF00' });
    const volume = await partitionFile(at('iso/out/prestage-winpe.img'), partition!, at('iso/esp.fat'));
    await tool('fsck.vfat', ['-n', volume]);
    await extract(volume, at('iso/esp'));
    expect(await readTree(at('iso/esp'))).toEqual(media);
  },
);

test(
  'copype’s folder gives its boot sectors, from fwfiles and from bootbins, and drivers go where the launcher loads them',
  PATIENCE,
  async () => {
    await layMedia(at('adk/WinPE/media'), { bootWim: at('winpe.wim'), sectors: false });
    await writeTree(at('adk/WinPE/fwfiles'), { 'etfsboot.com': Buffer.alloc(4096) });
    await writeTree(at('adk/WinPE/bootbins'), { 'efisys.bin': Buffer.alloc(1_474_560) });
    await writeTree(at("adk/vendor's drivers"), {
      'vmd/iaStorVD.inf': '[Version]',
      'vmd/iaStorVD.sys': 'driver',
    });
    writeFileSync(at('adk/ca.pem'), 'a certificate');
    writeFileSync(at('adk/revocations.json'), '{}');
    writeAgentConfig(at('adk/agent.yaml'), 'ca: [ca.pem]\n');
    const wishes = '--iso --scratch 128 --shell --selftest --agent-files adk/revocations.json --json';
    const words = wordsOf(`--from adk/WinPE --config adk/agent.yaml --to adk/out ${SMALL} ${wishes}`);
    const run = await runBootImage([...words, '--drivers', "adk/vendor's drivers"], { cwd });
    expect(run.stderr).not.toContain('failed');
    const report = JSON.parse(run.stdout);
    expect(report).toMatchObject({
      image: { index: 1, of: 1, why: 'the only one' },
      start: 'startnet.cmd',
      scratchSpace: { megabytes: 128, was: 32 },
      compression: 'XPRESS',
      drivers: [{ infs: 1 }],
      iso: {
        starts: ['BIOS', 'UEFI'],
        uefi: { authority: '2011', toldBy: 'name', from: at('adk/WinPE/bootbins/efisys.bin') },
      },
      // The texts that stand in for Microsoft's.
      notes: [
        'EFI/BOOT/BOOTX64.EFI is no boot program that can be read (no PE file).',
        'bootmgr.efi is no boot program that can be read (no PE file).',
      ],
    });
    expect(JSON.parse(readFileSync(at('adk/out/boot-image.json'), 'utf8'))).toEqual(report);
    const image = await applyImage(at('adk/out/media/sources/boot.wim'), 1, at('adk/applied'));
    const files = await readTree(image);
    expect(files).toMatchObject({
      "Prestage/drivers/vendor's drivers/vmd/iaStorVD.inf": digest(
        at("adk/vendor's drivers/vmd/iaStorVD.inf"),
      ),
      "Prestage/drivers/vendor's drivers/vmd/iaStorVD.sys": digest(
        at("adk/vendor's drivers/vmd/iaStorVD.sys"),
      ),
      'Prestage/ca.pem': digest(at('adk/ca.pem')),
      'Prestage/revocations.json': digest(at('adk/revocations.json')),
      'Prestage/selftest.txt': expect.any(String),
      'Windows/System32/startnet.cmd': digest(inCheckout('winpe/startnet.cmd')),
    });
    expect(files).not.toHaveProperty('Windows/System32/winpeshl.ini');
    expect(existsSync(at('adk/out/media/boot/etfsboot.com'))).toBe(false);
  },
);

test(
  'an old agent in the image is replaced with all that was its own, and its version told',
  PATIENCE,
  async () => {
    cpSync(at('pe'), at('old/pe'), { recursive: true });
    await writeTree(at('old/pe'), {
      'prestage/PRESTAGE.EXE': programOfVersion('0.0.9.0'),
      'prestage/agent.yaml': 'keys of another site',
      'prestage/drivers/old/old.inf': '[Version]',
      'Windows/System32/WINPESHL.INI': 'an old one',
    });
    // No image is marked to start, and nothing vouches for the bytes: both is made good.
    await captureBootWim(at('old/boot.wim'), [{ folder: at('old/pe') }], {
      compression: 'xpress',
      integrity: false,
    });
    await tool('wimlib-imagex', ['info', at('old/boot.wim'), '0', '--boot']);
    const words = wordsOf(`--from old/boot.wim --config agent.yaml --to old/out ${SMALL}`);
    const run = await runBootImage(words, { cwd });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(
      /agent +prestage\.exe 1\.2\.3\.0 \([\d.]+ MB\), x64; replaces prestage\.exe 0\.0\.9\.0 /,
    );
    expect(run.stdout).toContain('Image 1 starts now; before it was none.');
    expect(run.stdout).toMatch(
      /note +media\/ holds sources\/boot\.wim only\. .*EFI\/BOOT\/BOOTX64\.EFI.*boot\/boot\.sdi/,
    );
    const wim = at('old/out/media/sources/boot.wim');
    expect(await factOf(wim, 'Boot Index')).toBe('1');
    expect(await factOf(wim, 'Attributes')).toContain('Integrity info');
    const files = await readTree(await applyImage(wim, 1, at('old/applied')));
    const own = Object.keys(files).filter(name => /prestage|winpeshl\.ini/i.test(name));
    expect(own.sort()).toEqual([
      'Prestage/agent.yaml',
      'Prestage/launch.cmd',
      'Prestage/prestage.exe',
      'Prestage/unattend.xml',
      'Windows/System32/prestage.cmd',
      'Windows/System32/winpeshl.ini',
    ]);
    expect(files['Windows/System32/winpeshl.ini']).toBe(digest(inCheckout('winpe/winpeshl.ini')));
    expect(files['Prestage/agent.yaml']).toBe(digest(at('agent.yaml')));
  },
);

test(
  'a boot.wim that is marked read-only, in its header and on the disk, is changed as a copy',
  PATIENCE,
  async () => {
    cpSync(at('winpe.wim'), at('locked.wim'));
    const flags = readFileSync(at('locked.wim')).readUInt8(0x10);
    await overwrite(at('locked.wim'), 0x10, Buffer.of(flags | 0x4));
    chmodSync(at('locked.wim'), 0o444);
    expect(await factOf(at('locked.wim'), 'Attributes')).toContain('Readonly');
    const before = digest(at('locked.wim'));
    const words = wordsOf(`--from locked.wim --config agent.yaml --to locked/out ${SMALL}`);
    const run = await runBootImage(words, { cwd });
    expect(run.stderr).not.toContain('failed');
    expect(run.stdout).toMatch(
      /note +\S+locked\.wim is marked read-only in its header; the copy .* no longer is/,
    );
    const wim = at('locked/out/media/sources/boot.wim');
    expect(await factOf(wim, 'Attributes')).not.toContain('Readonly');
    expect(statSync(wim).mode & 0o777).toBe(0o644);
    expect(digest(at('locked.wim'))).toBe(before);
  },
);

test(
  'a second run on what the first made gives the same image; --index and --compress are obeyed',
  PATIENCE,
  async () => {
    await captureBootWim(at('twice/boot.wim'), [{ folder: at('pe'), name: SETUP }, { folder: at('pe') }]);
    const words = wordsOf(`--config agent.yaml --to twice/out --json --index 1 ${SMALL}`);
    const one = await runBootImage([...words, '--from', 'twice/boot.wim', '--compress', 'xpress'], { cwd });
    const first = JSON.parse(one.stdout);
    expect(first.image).toMatchObject({ index: 1, name: SETUP, why: 'as asked for' });
    const wim = at('twice/out/media/sources/boot.wim');
    expect(await factOf(wim, 'Compression')).toBe('XPRESS');
    const two = await runBootImage([...words, '--from', 'twice/out/media'], { cwd });
    const again = JSON.parse(two.stdout);
    expect(again.replaced).toEqual({ version: first.agent.version, bytes: first.agent.bytes });
    // The registry has the scratch space already, so it is left as it is.
    expect(again.scratchSpace).toEqual({ megabytes: 512, was: 512 });
    const { 'Windows/System32/config/SYSTEM': changed, ...files } = first.files;
    expect(changed).toMatch(/^[0-9a-f]{64}$/);
    expect(again.files).toEqual(files);
    expect(Math.abs(again.sizes.growth)).toBeLessThan(4096);
    expect(await factOf(wim, 'Compression')).toBe('XPRESS');
  },
);

test('an agent for arm64 goes into a Windows PE for arm64', PATIENCE, async () => {
  // Headers that name the machine are all that can be had of it here.
  const arm64 = (bytes: Uint8Array): Uint8Array => {
    const file = Buffer.from(bytes);
    file.writeUInt16LE(0xaa64, file.readUInt32LE(0x3c) + 4);
    return file;
  };
  mkdirSync(at('arm64'));
  writeFileSync(at('arm64/prestage.exe'), arm64(programOfVersion('1.2.3.0')));
  const dlls = ['ntdll.dll', 'kernel32.dll'].map(name => `Windows/System32/${name}`);
  const files = Object.fromEntries(dlls.map(name => [name, arm64(readFileSync(at('pe', name)))]));
  await layWindowsPe(at('arm64/pe'), { files });
  await captureBootWim(at('arm64/boot.wim'), [{ folder: at('arm64/pe') }], { compression: 'xpress' });
  const words = '--from arm64/boot.wim --config agent.yaml --to arm64/out --agent arm64/prestage.exe --json';
  const run = await runBootImage(wordsOf(words), { cwd });
  expect(run.stderr).not.toContain('failed');
  expect(JSON.parse(run.stdout)).toMatchObject({
    agent: { machine: 'arm64' },
    preflight: { machine: 'arm64' },
  });
});

test('without hivexregedit the scratch space stays, and that is said with what to do', PATIENCE, async () => {
  const tools = at('few/tools');
  mkdirSync(tools, { recursive: true });
  const wimlib = (await tool('sh', ['-c', 'command -v wimlib-imagex'])).trim();
  writeFileSync(path.join(tools, 'wimlib-imagex'), `#!/bin/sh\nexec ${wimlib} "$@"\n`, { mode: 0o755 });
  const words = wordsOf(`--from winpe.wim --config agent.yaml --to few/out --json ${SMALL}`);
  const run = await runBootImage(words, { cwd, env: { PATH: tools } });
  const { scratchSpace, notes } = JSON.parse(run.stdout);
  expect(scratchSpace.megabytes).toBeUndefined();
  expect(notes.join('\n')).toMatch(
    /hivexregedit.*libwin-hivex-perl.*from 1 GB of memory on, Windows PE takes 512 MB/,
  );
});

test('--help fits 80 columns, and its examples and those of the page are taken', async () => {
  const { code, stdout } = await runBootImage(['--help'], { cwd });
  expect(code).toBe(0);
  expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([]);
  mkdirSync(at('empty'));
  const page = readFileSync(inCheckout('docs/boot-image.md'), 'utf8');
  const examples = [stdout, page].flatMap(text => [...text.matchAll(/npm run boot-image -- (.*)/g)]);
  expect(examples.length).toBeGreaterThan(3);
  for (const [, words] of examples) {
    // What is given is not there: whoever comes that far was understood.
    const run = await runBootImage(words!.replace(' [options]', '').split(' '), { cwd: at('empty') });
    expect(run.stderr).toMatch(/is not there; nothing was made\./);
  }
});
