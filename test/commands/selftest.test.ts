// The self-test: on this system for real, with probes that fail, and as the Windows executable under Wine.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SelftestReport, selftest, selftestReport } from '../../agent/commands/selftest.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { openProbes } from '../../agent/machine/open-probes.ts';
import type { Probe } from '../../agent/machine/probe.ts';
import { TINY_WIM_FILES, tinyWim } from '../../agent/machine/tiny-wim.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { checkIntegrity, describeWim } from '../../agent/wim/read-wim.ts';
import { readTree, temporaryFolder, writeTree } from '../support/wim-kit.ts';
import { STAND_INS } from '../support/windows-side.ts';
import { layStandIns, layWimgapi, PRESTAGE_EXE, wineForTest } from '../support/wine.ts';

const probe = (name: string, mandatory: boolean, run: Probe['run']): Probe => ({
  name,
  fact: `${name}.`,
  mandatory,
  run,
});
const world = (probes: readonly Probe[]) => {
  const printed: string[] = [];
  return {
    printed,
    clock: systemClock,
    version: 'test',
    print: (text: string) => void printed.push(text),
    openProbes: async () => probes,
  };
};

describe('on this system', () => {
  const probesHere = async (folder: string) =>
    openProbes({
      system: 'linux',
      folder,
      durable: openDurableFiles(),
      clock: systemClock,
      environment: process.env,
      openImaging: () => openImaging({ system: 'linux' }),
    });

  it('every mandatory probe passes, and nothing is left behind', async () => {
    await using folder = await temporaryFolder();
    const report = await selftestReport(await probesHere(folder.path), world([]));
    expect(report.probes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(report).toMatchObject({ format: 'prestage-selftest/1', passed: true, system: { wine: false } });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('a library that cannot be loaded fails its probes by name, and no others', async () => {
    await using folder = await temporaryFolder();
    const missing = () => openImaging({ system: 'linux', only: 'wimgapi' });
    const probes = await openProbes({
      system: 'linux',
      folder: folder.path,
      durable: openDurableFiles(),
      clock: systemClock,
      environment: {},
      openImaging: missing,
    });
    const report = await selftestReport(probes, world([]));
    expect(report.probes.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
      { name: 'imaging library', seen: { fault: 'IMAGE-05' } },
      { name: 'apply an image', seen: { fault: 'IMAGE-05' } },
    ]);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('what only Windows has is one failed probe where there is none', async () => {
    await using folder = await temporaryFolder();
    const probes = await openProbes({
      system: 'windows',
      folder: folder.path,
      durable: openDurableFiles(),
      clock: systemClock,
      environment: {},
      openImaging: () => openImaging({ system: 'linux' }),
    });
    expect(probes[0]).toMatchObject({ name: 'native add-on', mandatory: true });
    expect((await selftestReport(probes.slice(0, 1), world([]))).probes).toMatchObject([
      { outcome: 'failed', seen: { fault: 'USAGE-10' } },
    ]);
  });
});

describe('its outcome', () => {
  it('is only spoilt by a mandatory probe', async () => {
    const optional = world([
      probe('a', true, async () => ({ holds: true, seen: {} })),
      probe('b', false, async () => ({ holds: false, seen: { why: 'absent' } })),
    ]);
    expect(await selftest({}, optional)).toBe(0);
    expect(optional.printed.join('\n')).toMatch(/b +noted +no +why absent/);
  });

  it('is USAGE-10 with the names of what failed, after the report was written', async () => {
    await using folder = await temporaryFolder();
    const failing = world([
      probe('a', true, async () => ({ holds: true, seen: {} })),
      probe('b', true, async () => {
        throw new Fault('IMAGE-04', 'x.wim', { native: 5 });
      }),
      probe('c', true, async () => {
        throw new Error('it broke');
      }),
    ]);
    const out = folder.join('deep', 'report.json');
    await expect(selftest({ out, json: true }, failing)).rejects.toMatchObject({
      code: 'USAGE-10',
      detail: { failed: ['b', 'c'] },
    });
    const written: SelftestReport = JSON.parse(await readFile(out, 'utf8'));
    expect(written).toMatchObject({
      passed: false,
      probes: [
        { outcome: 'passed' },
        { seen: { fault: 'IMAGE-04', native: 5 } },
        { seen: { error: 'it broke' } },
      ],
    });
    expect(JSON.parse(failing.printed.join(''))).toEqual(written);
  });

  it('is USAGE-08 when there is nowhere to write', async () => {
    await expect(selftest({ folder: '/nowhere' }, world([]))).rejects.toMatchObject({ code: 'USAGE-08' });
    await expect(selftest({ out: '/dev/null/report.json' }, world([]))).rejects.toMatchObject({
      code: 'USAGE-08',
    });
  });
});

describe('the WIM that it carries', () => {
  it('holds what it says and passes its own integrity table', async () => {
    await using folder = await temporaryFolder();
    await writeTree(folder.path, { 'tiny.wim': tinyWim() });
    const wim = folder.join('tiny.wim');
    expect((await describeWim(wim)).images).toMatchObject([{ index: 1, name: 'Selftest', fileCount: 3 }]);
    expect(await checkIntegrity(wim)).toEqual({ table: 'present', badRanges: [] });
    execFileSync('wimlib-imagex', ['apply', wim, '1', folder.join('applied')], { stdio: 'ignore' });
    await writeTree(folder.join('expected'), TINY_WIM_FILES);
    expect(await readTree(folder.join('applied'))).toEqual(await readTree(folder.join('expected')));
  });
});

describe('the Windows executable under Wine', () => {
  it('reports exports, messages, abort and error numbers of wimgapi, and says that it is Wine', async () => {
    await using folder = await temporaryFolder();
    const wine = wineForTest({
      env: { WINEDLLOVERRIDES: `mscoree,mshtml=;${STAND_INS.map(tool => `${tool}.exe`).join(',')}=n` },
    });
    layStandIns(path.join(wine.drive('c'), 'windows', 'system32'), STAND_INS);
    const program = folder.join('program');
    mkdirSync(program);
    copyFileSync(PRESTAGE_EXE, path.join(program, 'prestage.exe'));
    layWimgapi(program);
    const out = folder.join('report.json');
    const result = await wine.run(path.join(program, 'prestage.exe'), ['selftest', '--out', `Z:${out}`]);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('This is Wine');
    const report: SelftestReport = JSON.parse(await readFile(out, 'utf8'));
    expect(report).toMatchObject({ passed: true, system: { wine: true } });
    const seen = Object.fromEntries(report.probes.map(each => [each.name, each.seen]));
    expect(seen['wimgapi exports']).toMatchObject({ missing: [] });
    expect(seen['wimgapi abort']).toMatchObject({ applied: false, error: 1235 });
    expect(seen['wimgapi errors']).toMatchObject({
      damagedResource: { error: 13 },
      notAWim: { failedIn: 'WIMCreateFile', error: 11 },
      absentFile: { error: 2 },
      indexBeyond: { failedIn: 'WIMLoadImage', error: 87 },
    });
    expect(seen['capture a folder']).toMatchObject({ wrong: [], bootIndex: 2 });
    expect(seen['tool cmd']).toMatchObject({ exitCode: 3 });
    expect(seen['system dlls']).toMatchObject({ missing: [] });
  });
});
