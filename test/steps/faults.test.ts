import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { encodeLine } from '../../agent/durable/checked-lines.ts';
import type { ProgramRequest } from '../../agent/machine/machine.ts';
import { makeSmallSite, type SmallSite, testComposition, wearDisk } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite } from '../support/wim-kit.ts';

const folder = tempFolder('step-faults');
let site: SmallSite;
let away: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'here'));
  // A site whose points answer nothing: policy comes from the media.
  away = await makeSmallSite(path.join(folder, 'away'), {
    address: 'http://127.0.0.1:9/',
    differences: {
      // Other bytes than those of any other item, which would be taken from there.
      'content/CON00006/files/tool.cmd': '@rem of its own\r\n@exit /b 0\r\n',
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        allowOffline: true,
      },
    },
  });
});
afterAll(async () => {
  await site?.close();
  await away?.close();
});

let disks = 0;
async function freshDisk(from: SmallSite): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await from.layDisk(disk);
  return disk;
}
const cache = (disk: string, ...names: readonly string[]): string =>
  path.join(disk, 'volumes/windows/_SMSTaskSequence', ...names);

test('a damaged OS image that no point can mend is CONTENT-03, and the disk is not wiped', async () => {
  const disk = await freshDisk(away);
  await writeFile(path.join(disk, 'volumes/windows/keep.txt'), 'kept');
  await overwrite(cache(disk, 'Packages/CON00001/install.wim'), 700_000, Buffer.from('flip'));
  // The boot image of this site is the same WIM: its bytes would mend the other.
  await overwrite(path.join(disk, 'volumes/esp/sources/boot.wim'), 700_000, Buffer.from('flip'));
  const fault = await faultOf(deploy({ disk, config: away.config }, testComposition(away)));
  expect(fault).toMatchObject({ code: 'CONTENT-03', subject: 'CON00001' });
  expect(fault.cause).toMatchObject({ code: 'CONTENT-01' });
  expect(await readFile(path.join(disk, 'volumes/windows/keep.txt'), 'utf8')).toBe('kept');
});

test('whole media deploys without any network when offline is allowed', async () => {
  const disk = await freshDisk(away);
  expect(await deploy({ disk, config: away.config }, testComposition(away))).toBe(3);
  expect(await continueDeployment({ disk, config: away.config }, testComposition(away))).toBe(0);
});

test('an item that was changed after the hand-over is not run: mended where a point has it', async () => {
  const disk = await freshDisk(site);
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await overwrite(cache(disk, 'Packages/CON00006/tool.cmd'), 0, Buffer.from('@evil'));
  const composition = testComposition(site);
  expect(await continueDeployment({ disk, config: site.config }, composition)).toBe(0);
  expect(
    composition.events.some(
      event => event.kind === 'note' && event.text.includes('CON00006 is damaged at the moment of use'),
    ),
  ).toBe(true);
});

test('and CONTENT-02 where none has it', async () => {
  const disk = await freshDisk(away);
  expect(await deploy({ disk, config: away.config }, testComposition(away))).toBe(3);
  await overwrite(cache(disk, 'Packages/CON00006/tool.cmd'), 0, Buffer.from('@evil'));
  const fault = await faultOf(continueDeployment({ disk, config: away.config }, testComposition(away)));
  expect(fault).toMatchObject({ code: 'CONTENT-02', subject: 'CON00006: tool.cmd' });
  expect(await readFile(path.join(disk, 'commands.ndjson'), 'utf8')).not.toContain('tool.cmd');
});

test('an application that its rule does not find after its installer succeeded is PKG-04, and the run can go on later', async () => {
  const disk = await freshDisk(site);
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  const stubborn = testComposition(site);
  const machine = await stubborn.openMachine({ disk });
  // An installer that is run, ends well and leaves nothing.
  const idle = {
    ...machine,
    detects: async () => false,
    run: async (request: ProgramRequest) => ({ ...(await machine.run(request)), rehearsed: false }),
  };
  const blind = { ...stubborn, openMachine: async () => idle };
  expect(await faultOf(continueDeployment({ disk, config: site.config }, blind))).toMatchObject({
    code: 'PKG-04',
    subject: 'CON00002',
  });
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
});

test('an installer that ends with an error is PKG-01 with its log; the next run goes on at that item', async () => {
  const disk = await freshDisk(site);
  await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ 'setup.exe /S': [1603, 3010] }));
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  const fault = await faultOf(continueDeployment({ disk, config: site.config }, testComposition(site)));
  expect(fault).toMatchObject({ code: 'PKG-01', subject: 'CON00002', detail: { exitCode: 1603 } });
  expect(await readFile(String(fault.detail.log), 'utf8')).toContain('exit code 1603');
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
  const commands = (await readFile(path.join(disk, 'commands.ndjson'), 'utf8'))
    .split('\n')
    .filter(line => line.includes('"program"'));
  expect(commands.filter(line => line.includes('tool.cmd'))).toHaveLength(1);
  expect(commands.filter(line => line.includes('setup.exe'))).toHaveLength(2);
});

test('a hard restart ends the run with 3 and the next run goes on after the item; 1618 is tried again', async () => {
  const disk = await freshDisk(site);
  await writeFile(
    path.join(disk, 'exit-codes.json'),
    JSON.stringify({ 'tool.cmd': [1641], 'setup.exe /S': [1618, 1618, 0] }),
  );
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  expect(await continueDeployment({ disk, config: site.config, restart: false }, testComposition(site))).toBe(
    3,
  );
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
  const commands = (await readFile(path.join(disk, 'commands.ndjson'), 'utf8'))
    .split('\n')
    .filter(line => line.includes('"program"'));
  expect(commands.filter(line => line.includes('tool.cmd'))).toHaveLength(1);
  expect(commands.filter(line => line.includes('setup.exe'))).toHaveLength(3);
});

test('continue without a hand-over is JOURNAL-03 and runs nothing', async () => {
  const disk = await freshDisk(site);
  expect(
    await faultOf(continueDeployment({ disk, config: site.config }, testComposition(site))),
  ).toMatchObject({ code: 'JOURNAL-03' });
});

test('a journal of other media is JOURNAL-02; --fresh sets it aside', async () => {
  const disk = await freshDisk(site);
  await wearDisk(disk);
  const stray = {
    type: 'media-verified',
    mediaId: 'another',
    name: 'x',
    site: 'CON',
    keyId: 'k',
    validUntil: '',
    createdBy: '',
    n: 0,
    at: '',
  };
  await writeFile(cache(disk, 'Prestage/journal.log'), encodeLine(stray));
  expect(await faultOf(deploy({ disk, config: site.config }, testComposition(site)))).toMatchObject({
    code: 'JOURNAL-02',
  });
  expect(await deploy({ disk, config: site.config, fresh: true }, testComposition(site))).toBe(3);
  await rm(disk, { recursive: true });
});

test('an installer that hangs is PKG-02 with its log', async () => {
  const disk = await freshDisk(site);
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  const composition = testComposition(site);
  const machine = await composition.openMachine({ disk });
  const hanging = {
    ...machine,
    run: async () => ({ timedOut: true, stdout: 'waiting', stderr: '', rehearsed: false }),
  };
  const fault = await faultOf(
    continueDeployment({ disk, config: site.config }, { ...composition, openMachine: async () => hanging }),
  );
  expect(fault).toMatchObject({ code: 'PKG-02', subject: 'CON00006' });
  expect(await readFile(String(fault.detail.log), 'utf8')).toContain('waiting');
});
