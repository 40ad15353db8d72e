// A clock that is years off, through whole runs on the folder machine: what is judged by which time, and to what the clock is set.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { settleClock } from '../../agent/commands/deployment/clock.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import { Fault } from '../../agent/fault/fault.ts';
import type { MediaManifest } from '../../agent/media/media-manifest.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { servePoint } from '../support/serve-point.ts';
import { policy } from '../support/signed-documents.ts';
import { layTree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const folder = tempFolder('clock');
const files = new Map<string, Uint8Array>();
let behave: Misbehaviour | undefined;
let server: MisbehavingServer;
let site: SmallSite;
let made: string;
let disks = 0;

beforeAll(async () => {
  server = await startMisbehavingServer({ files, behave: () => behave });
  site = await makeSmallSite(folder, { address: `${server.url}/` });
  const soon = new Date(Date.now() - DAY_MS).toISOString();
  layTree(site.site, {
    'deployments.yaml': [
      {
        id: 'CON20001',
        taskSequence: 'CON00020',
        collection: 'all',
        purpose: 'required',
        makeAvailableTo: 'media-pxe',
        schedule: { from: soon },
      },
    ],
  });
  await site.publish();
  await servePoint(site.point, files);
});
afterAll(async () => {
  await server?.close();
  await site?.close();
});

async function freshDisk(): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await site.layDisk(disk);
  const manifest = path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/media.json');
  made = JSON.parse(await readFile(manifest, 'utf8')).created;
  return disk;
}

async function clocksSet(disk: string): Promise<readonly string[]> {
  const text = await readFile(path.join(disk, 'commands.ndjson'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter(line => line !== '');
  return lines.map(line => JSON.parse(line)).flatMap(each => (each.kind === 'clock' ? [each.time] : []));
}

const notes = (events: readonly ProgressEvent[]) =>
  events.flatMap(event => (event.kind === 'note' && event.component === 'clock' ? [event.text] : []));
const at = (time: string | number) => ({ now: () => new Date(time) });

describe('a clock years behind', () => {
  it('is set to when the media was made, then to what the server says, and the deployment runs', async () => {
    behave = undefined;
    const disk = await freshDisk();
    const composition = testComposition(site, at('2001-01-01T00:00:00Z'));
    expect(await deploy({ disk, config: site.config, json: true }, composition)).toBe(3);
    const [first, second, ...more] = await clocksSet(disk);
    expect(more).toEqual([]);
    expect(Date.parse(first ?? '')).toBe(Date.parse(made));
    expect(Math.abs(Date.parse(second ?? '') - Date.now())).toBeLessThan(60_000);
    expect(notes(composition.events)).toEqual([
      `The clock of this machine said 2001-01-01T00:00:00.000Z; it was set to ${first}, when the media was made.`,
      `The clock of this machine said 2001-01-01T00:00:00.000Z; it was set to ${second}, as ${server.url}/ says.`,
    ]);
  });

  it('is not set to what a server says that is years behind itself', async () => {
    behave = { kind: 'date', date: 'Mon, 01 Jan 2001 00:00:00 GMT' };
    const disk = await freshDisk();
    await showPlan({ disk, config: site.config }, testComposition(site, at('2001-01-01T00:00:00Z')));
    const set = await clocksSet(disk);
    // To when the media was made, and where policy is younger, to when that was made.
    expect(Date.parse(set[0] ?? '')).toBe(Date.parse(made));
    expect(set.every(time => Math.abs(Date.parse(time) - Date.parse(made)) < 60_000)).toBe(true);
  });

  it('is left alone by commands that ask nobody', async () => {
    const { check } = await import('../../agent/commands/check.ts');
    const disk = await freshDisk();
    await check({ disk, config: site.config }, testComposition(site, at('2001-01-01T00:00:00Z'))).catch(
      () => 0,
    );
    expect(await clocksSet(disk)).toEqual([]);
  });
});

describe('a clock a few days off', () => {
  it('is put right by the server', async () => {
    behave = undefined;
    const disk = await freshDisk();
    await showPlan({ disk, config: site.config }, testComposition(site, at(Date.now() + 5 * DAY_MS)));
    const set = await clocksSet(disk);
    expect(set).toHaveLength(1);
    expect(Math.abs(Date.parse(set[0] ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('stays when it is hours only', async () => {
    const disk = await freshDisk();
    await showPlan({ disk, config: site.config }, testComposition(site, at(Date.now() + 3_600_000)));
    expect(await clocksSet(disk)).toEqual([]);
  });
});

describe('a clock years ahead', () => {
  it('beyond the media is TRUST-03, which names the clock, and nobody is asked', async () => {
    behave = undefined;
    const disk = await freshDisk();
    const asked = server.requests.length;
    const composition = testComposition(site, at('2061-03-01T08:00:00Z'));
    const fault = await faultOf(deploy({ disk, config: site.config }, composition));
    expect(fault).toMatchObject({
      code: 'TRUST-03',
      detail: { found: 'the clock says 2061-03-01T08:00:00.000Z' },
    });
    expect(fault.entry.next).toContain('firmware');
    expect(server.requests).toHaveLength(asked);
    expect(await clocksSet(disk)).toEqual([]);
  });

  it('beyond policy is TRUST-05, and what the server says is told but excuses nothing', async () => {
    const disk = await freshDisk();
    const ahead = Date.now() + 120 * DAY_MS;
    const fault = await faultOf(deploy({ disk, config: site.config }, testComposition(site, at(ahead))));
    expect(fault).toMatchObject({
      code: 'TRUST-05',
      detail: { found: `the clock says ${new Date(ahead).toISOString()}` },
    });
    expect(fault.detail.managementPoint).toMatch(/^http:.* says 20\d\d-/);
    expect(await clocksSet(disk)).toEqual([]);
  });
});

describe('a schedule', () => {
  it('is judged by the bounded time, not by a clock that lies before it', async () => {
    behave = undefined;
    const disk = await freshDisk();
    const composition = testComposition(site, at('2001-01-01T00:00:00Z'));
    await showPlan({ disk, config: site.config, why: true }, composition);
    expect(composition.printed.join('\n')).toContain('CON20001 (CON00020) runs');
  });
});

describe('a clock that cannot be set', () => {
  const media = { created: '2026-03-01T00:00:00Z', validUntil: '2027-03-01T00:00:00Z' } as MediaManifest;
  const context = (events: ProgressEvent[], fault: Fault) => ({
    composition: testComposition(site),
    machine: { setClock: () => Promise.reject(fault) } as never,
    manifest: media,
    observe: (event: ProgressEvent) => void events.push(event),
  });
  const obtained = {
    policy: policy(),
    digest: '',
    from: 'http://mp',
    bytes: new Uint8Array(),
    signature: new Uint8Array(),
    time: { now: new Date('2026-03-01T00:00:00Z'), corrected: true },
    serverDate: new Date('2026-04-01T00:00:00Z'),
  };

  it('is a warning, and schedules are judged by the better time all the same', async () => {
    const events: ProgressEvent[] = [];
    const refused = new Fault('MACHINE-04', '2026-04-01T00:00:00.000Z', { native: 1314 });
    const now = await settleClock(context(events, refused), new Date('2001-01-01T00:00:00Z'), obtained);
    expect(now).toEqual(new Date('2026-04-01T00:00:00Z'));
    expect(notes(events)).toEqual([
      'The clock of this machine said 2001-01-01T00:00:00.000Z, and could not be set to 2026-04-01T00:00:00.000Z, as http://mp says: MACHINE-04 Clock cannot be set: 2026-04-01T00:00:00.000Z',
    ]);
  });

  it('does not hide another fault', async () => {
    const full = new Fault('DISK-01', 'commands.ndjson');
    expect(
      (await faultOf(settleClock(context([], full), new Date('2001-01-01T00:00:00Z'), obtained))).code,
    ).toBe('DISK-01');
  });
});
