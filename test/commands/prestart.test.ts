// The media's prestart command: before policy, once, and what it may decide.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { prestartVariables } from '../../agent/commands/deployment/prestart.ts';
import { withRunContext } from '../../agent/commands/deployment/run-context.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { readJournal } from '../../agent/journal/journal.ts';
import { recall } from '../../agent/journal/past.ts';
import type { ProgramRequest } from '../../agent/machine/machine.ts';
import { everyCut } from '../support/every-cut.ts';
import {
  makeSmallSite,
  type SmallSite,
  type TestComposition,
  testComposition,
} from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { recordedPrograms } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite } from '../support/wim-kit.ts';

const COMMAND = 'ask.cmd %Depot% %_SMSTSMediaType%';
const ASKED = 'ask.cmd Graz OEMMedia';
const folder = tempFolder('prestart');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        variables: { Depot: 'Graz' },
        secret: ['Pin'],
        prestart: { command: COMMAND, content: 'CON00007', timeoutMinutes: 3 },
      },
      'content/CON00007/content.yaml': {
        id: 'CON00007',
        type: 'package',
        name: 'Questions',
        version: '1',
        source: 'files',
      },
      'content/CON00007/files/ask.cmd': '@echo off\r\n',
      'deployments.yaml': [
        {
          id: 'CON20001',
          taskSequence: 'CON00020',
          collection: 'all',
          purpose: 'required',
          makeAvailableTo: 'media-pxe',
        },
        {
          id: 'CON20002',
          taskSequence: 'CON00020',
          collection: 'all',
          purpose: 'available',
          makeAvailableTo: 'media-pxe-hidden',
        },
      ],
    },
  });
});
afterAll(() => site?.close());

let disks = 0;
async function freshDisk(told: Record<string, string> = {}): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await site.layDisk(disk);
  await writeFile(path.join(disk, 'machine.json'), JSON.stringify({ prestart: told }));
  site.requests.length = 0;
  return disk;
}
const journalOf = (disk: string) => readJournal(cacheLayout(path.join(disk, 'volumes/windows')).journal);

/** A composition whose machine runs programs otherwise. */
function running(run: (request: ProgramRequest) => Promise<object>): TestComposition {
  const composition = testComposition(site);
  return {
    ...composition,
    openMachine: async options => {
      const machine = await composition.openMachine(options);
      return {
        ...machine,
        run: async request => ({ ...(await machine.run(request)), ...(await run(request)) }),
      };
    },
  };
}

describe('a prestart command', () => {
  it('runs in its proven package before policy is asked for, and may name a hidden deployment', async () => {
    const disk = await freshDisk({
      SMSTSPreferredAdvertID: 'CON20002',
      OSDComputerName: 'PC-7',
      _SMSTSMake: 'no',
    });
    const asked: string[][] = [];
    const composition = running(async () => {
      asked.push([...site.requests]);
      return {};
    });
    expect(await deploy({ disk, config: site.config }, composition)).toBe(3);
    expect(asked[0]).toEqual([]);
    expect((await recordedPrograms(disk))[0]).toBe(ASKED);
    const records = await journalOf(disk);
    expect(recall(records).plan?.deployment).toBe('CON20002');
    expect(records.find(each => each.type === 'variables-set')).toMatchObject({
      by: 'prestart',
      values: { SMSTSPreferredAdvertID: 'CON20002', OSDComputerName: 'PC-7' },
    });
    expect(await readFile(path.join(disk, 'volumes/windows/Windows/Panther/unattend.xml'), 'utf8')).toContain(
      'PC-7',
    );
    expect(composition.events).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        text: expect.stringContaining('read-only variables, which are not set: _SMSTSMake'),
      }),
    );
  });

  it('runs once: a later run takes what it set from the journal, and --deployment overrides it', async () => {
    const disk = await freshDisk({ SMSTSPreferredAdvertID: 'CON20002' });
    await deploy({ disk, config: site.config }, testComposition(site));
    await writeFile(
      path.join(disk, 'machine.json'),
      JSON.stringify({ prestart: { SMSTSPreferredAdvertID: 'CON2FFFF' } }),
    );
    await deploy({ disk, config: site.config }, testComposition(site));
    expect((await recordedPrograms(disk)).filter(each => each === ASKED)).toHaveLength(1);
    expect(recall(await journalOf(disk)).plan?.deployment).toBe('CON20002');
    await deploy({ disk, config: site.config, deployment: 'CON20001' }, testComposition(site));
    expect(recall(await journalOf(disk)).plan?.deployment).toBe('CON20001');
    await deploy({ disk, config: site.config, fresh: true, deployment: 'CON20001' }, testComposition(site));
    expect((await recordedPrograms(disk)).filter(each => each === ASKED)).toHaveLength(2);
  });

  it('that fails is PKG-05: policy was not asked for, and the disk is as it was', async () => {
    const disk = await freshDisk({ SMSTSPreferredAdvertID: 'CON20002' });
    await writeFile(path.join(disk, 'volumes/windows/keep.txt'), 'kept');
    await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ [ASKED]: [1, 0] }));
    const fault = await faultOf(deploy({ disk, config: site.config }, testComposition(site)));
    expect(fault).toMatchObject({
      code: 'PKG-05',
      subject: 'prestart',
      detail: { exitCode: 1, command: COMMAND },
    });
    expect(readFileSync(String(fault.detail.log), 'utf8')).toContain('exit code 1');
    expect(site.requests.filter(each => each.startsWith('GET'))).toEqual([]);
    expect(existsSync(path.join(disk, 'volumes/windows/keep.txt'))).toBe(true);
    expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  });

  it('that hangs is PKG-02 after the time that the media allows', async () => {
    const disk = await freshDisk();
    const times: number[] = [];
    const composition = running(async ({ timeoutMs }) => {
      times.push(timeoutMs);
      return { timedOut: true, exitCode: undefined };
    });
    expect(await faultOf(deploy({ disk, config: site.config }, composition))).toMatchObject({
      code: 'PKG-02',
      subject: 'prestart',
      detail: { timeoutMinutes: 3 },
    });
    expect(times).toEqual([180_000]);
  });

  it('is not run by `plan`, which says so; what an earlier run heard from it counts', async () => {
    const disk = await freshDisk({ SMSTSPreferredAdvertID: 'CON20002' });
    const before = testComposition(site);
    await showPlan({ disk, config: site.config, json: true }, before);
    expect(await recordedPrograms(disk)).toEqual([]);
    expect(before.events).toContainEqual(
      expect.objectContaining({
        text: expect.stringContaining('prestart command of this media was not run'),
      }),
    );
    expect(JSON.parse(before.printed[0] ?? '').plan.deployment).toBe('CON20001');
    await deploy({ disk, config: site.config }, testComposition(site));
    const after = testComposition(site);
    await showPlan({ disk, config: site.config, json: true }, after);
    expect(JSON.parse(after.printed[0] ?? '').plan.deployment).toBe('CON20002');
  });

  it('is asked again for what is secret, which is kept nowhere', async () => {
    const disk = await freshDisk({ Pin: 'four-times-four', Open: 'yes' });
    const composition = testComposition(site);
    const run = () =>
      withRunContext(
        composition,
        { disk, config: site.config },
        { access: 'write', judgeDates: true },
        prestartVariables,
      );
    expect(await run()).toEqual({ Pin: 'four-times-four', Open: 'yes' });
    expect(await run()).toEqual({ Pin: 'four-times-four', Open: 'yes' });
    expect(await recordedPrograms(disk)).toEqual([ASKED, ASKED]);
    const { journal } = cacheLayout(path.join(disk, 'volumes/windows'));
    expect(readFileSync(journal, 'utf8')).not.toContain('four-times-four');
    expect(composition.redact('the pin is four-times-four')).not.toContain('four-times-four');
  });

  it('keeps nowhere either what it makes of a secret, whatever it calls that', async () => {
    const disk = await freshDisk({ Pin: 'four-times-four', Answer: 'pin=four-times-four', Open: 'yes' });
    await withRunContext(
      testComposition(site),
      { disk, config: site.config },
      { access: 'write', judgeDates: true },
      prestartVariables,
    );
    const records = await journalOf(disk);
    expect(JSON.stringify(records)).not.toContain('four-times-four');
    expect(recall(records).prestart).toMatchObject({ values: { Open: 'yes' }, secret: ['Pin', 'Answer'] });
  });

  it('whose package is damaged is mended first where a point has it', async () => {
    const disk = await freshDisk({ Open: 'yes' });
    const file = path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages/CON00007/ask.cmd');
    await overwrite(file, 0, Buffer.from('@evil'));
    const seen: string[] = [];
    const composition = running(async () => {
      seen.push(readFileSync(file, 'utf8'));
      return {};
    });
    await withRunContext(
      composition,
      { disk, config: site.config },
      { access: 'write', judgeDates: true },
      prestartVariables,
    );
    expect(seen).toEqual(['@echo off\r\n']);
  });

  it('cut anywhere is run again, or what it told is there', async () => {
    const within = path.join(folder, 'cuts');
    await mkdir(within);
    const plays = await everyCut({
      within,
      systems: ['linux'],
      losses: ['dropped'],
      prepare: async disk => {
        await site.layDisk(disk);
        await writeFile(path.join(disk, 'machine.json'), JSON.stringify({ prestart: { Told: 'yes' } }));
      },
      run: async (durable, disk) => {
        const composition = testComposition(site, { durable });
        await withRunContext(
          composition,
          { disk, config: site.config },
          { access: 'write', judgeDates: true },
          prestartVariables,
        );
      },
      verify: async disk => {
        const told = await withRunContext(
          testComposition(site),
          { disk, config: site.config },
          { access: 'write', judgeDates: true },
          prestartVariables,
        );
        expect(told).toEqual({ Told: 'yes' });
      },
    });
    expect(plays).toBeGreaterThan(10);
  });
});
