// agent.yaml's limits of transfers, by whole deployments: hours and rates, the deadline, and where the run is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { deploy } from '../../agent/commands/deploy.ts';
import { readAgentSettings } from '../../agent/commands/deployment/agent-settings.ts';
import type { Report } from '../../agent/report/report.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import {
  makeSmallSite,
  moveWorldOn,
  type SmallSite,
  testComposition,
  wearDisk,
} from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MAIN = path.resolve(import.meta.dirname, '../../agent/main.ts');
const folder = tempFolder('transfer-manners');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(folder);
  await moveWorldOn(site);
});
afterAll(() => site.close());

async function configWith(name: string, transfer: object): Promise<string> {
  const document = parse(await readFile(site.config, 'utf8'));
  const file = path.join(folder, `${name}.yaml`);
  await writeFile(file, stringify({ ...document, transfer: { ...document.transfer, ...transfer } }));
  return file;
}

test('a run that is over its time ends with STOP-03 and keeps what it has; the next one goes on, item by item, and never falls back', async () => {
  const disk = path.join(folder, 'deadline');
  await site.layDisk(disk);
  await wearDisk(disk);
  const config = await configWith('deadline', { bandwidth: '20 KB/s', deadlineMinutes: 0.02 });
  const first = testComposition(site);
  expect(await faultOf(deploy({ disk, config, json: true }, first))).toMatchObject({
    code: 'STOP-03',
    detail: { deadlineMinutes: 0.02 },
  });
  const second = testComposition(site);
  expect(await deploy({ disk, config: site.config, json: true }, second)).toBe(3);
  const report: Report = JSON.parse(second.printed.at(-1) ?? '');
  expect(report.outcome).toBe('handed-over');

  const runs = second.events.flatMap(event =>
    event.kind === 'advanced' && event.run !== undefined ? [event.run] : [],
  );
  const items = runs.map(({ item }) => item.number);
  expect(items).toEqual(items.toSorted((a, b) => a - b));
  expect(new Set(items).size).toBeGreaterThan(1);
  expect(runs.every(({ item }) => item.number <= item.of)).toBe(true);
  const done = runs.map(({ doneBytes }) => doneBytes);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect(runs.every(({ doneBytes, totalBytes }) => doneBytes <= totalBytes)).toBe(true);
});

test('Ctrl-C keeps what has come: the next run fetches only the rest', async () => {
  const disk = path.join(folder, 'ctrl-c');
  await site.layDisk(disk);
  await wearDisk(disk);
  const config = await configWith('ctrl-c', { bandwidth: '150 KB/s' });
  const child = spawn(process.execPath, [MAIN, 'deploy', '--disk', disk, '--config', config], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const log = path.join(disk, 'volumes/windows/_SMSTaskSequence/Logs/events.ndjson');
  let before = 0;
  while (before < 60_000 && child.exitCode === null) {
    await wait(20);
    before = await fetchedBytesIn(log);
  }
  child.kill('SIGINT');
  expect(await ended).toEqual([4, null]);
  expect(before).toBeGreaterThan(60_000);

  const uncut = path.join(folder, 'uncut');
  await site.layDisk(uncut);
  await wearDisk(uncut);
  const fetched = async (at: string): Promise<number> => {
    const winpe = testComposition(site);
    expect(await deploy({ disk: at, config: site.config, json: true }, winpe)).toBe(3);
    const told = winpe.events.flatMap(event => (event.kind === 'advanced' ? (event.run ?? []) : []));
    return told.at(-1)?.doneBytes ?? 0;
  };
  expect(await fetched(disk)).toBeLessThanOrEqual((await fetched(uncut)) - before);
});

/** Bytes of all transfers, by the last event that tells of them. */
async function fetchedBytesIn(log: string): Promise<number> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const whole = text.split('\n').slice(0, -1);
  const told = whole.map(line => JSON.parse(line).run?.doneBytes).filter(bytes => bytes !== undefined);
  return told.at(-1) ?? 0;
}

const settingsOf = async (transfer: object) => {
  const file = path.join(folder, 'settings.yaml');
  await writeFile(file, stringify({ keys: [newKeyPair().public.text], transfer }));
  return await readAgentSettings(file, folder);
};

test('agent.yaml tells rates for the whole day or for hours, and a deadline', async () => {
  const always = await settingsOf({ bandwidth: '2.5 MB/s', deadlineMinutes: 90 });
  expect(always.transfer).toMatchObject({
    deadlineMinutes: 90,
    bandwidth: { windows: [{ fromMinute: 0, toMinute: 1440, bytesPerSecond: 2_500_000 }] },
  });
  const limit = '20 Mbit/s';
  const hours = [
    { from: '08:00', to: '17:30', limit },
    { from: '22:00', to: '24:00', limit: '1 Gbit/s' },
  ];
  expect((await settingsOf({ bandwidth: hours })).transfer.bandwidth?.windows).toEqual([
    { fromMinute: 480, toMinute: 1050, bytesPerSecond: 2_500_000 },
    { fromMinute: 1320, toMinute: 1440, bytesPerSecond: 125_000_000 },
  ]);
  expect((await settingsOf({})).transfer.bandwidth).toBeUndefined();
});

test.each([
  { bandwidth: '20' },
  { bandwidth: 20 },
  { bandwidth: '1 kB/s' },
  { bandwidth: [] },
  { bandwidth: [{ from: '8:00', to: '17:00', limit: '1 MB/s' }] },
  { bandwidth: [{ from: '24:00', to: '17:00', limit: '1 MB/s' }] },
  { bandwidth: [{ from: '08:00', to: '08:00', limit: '1 MB/s' }] },
  { bandwidth: [{ from: '08:00', to: '17:00' }] },
  { deadlineMinutes: 0 },
  { deadlineMinutes: 10_081 },
])('%j in agent.yaml is refused by name', async transfer => {
  expect((await faultOf(settingsOf(transfer))).code).toBe('USAGE-02');
});
