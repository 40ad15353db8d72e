// Dynamic media between a far and a near server: who is asked for policy, whose policy is followed, and from whom content comes.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { createMedia } from '../../agent/author/create-media.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { signDetached } from '../../agent/trust/signature.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { servePoint } from '../support/serve-point.ts';
import { authorKit, layTree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition, wearDisk } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite } from '../support/wim-kit.ts';

const folder = tempFolder('nearer');
const nearFiles = new Map<string, Uint8Array>();
let near: MisbehavingServer;
let behave: Misbehaviour | undefined;
let site: SmallSite;
let disks = 0;

beforeAll(async () => {
  near = await startMisbehavingServer({ files: nearFiles, behave: () => behave });
  site = await makeSmallSite(folder, {
    differences: {
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        management: 'dynamic',
      },
    },
  });
  const point = { url: site.url, priority: 1 };
  layTree(site.site, {
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [point],
      managementPoints: [site.url],
      keys: { policy: 'policy', media: 'media' },
      boundaries: [
        {
          name: 'Graz',
          subnets: ['10.1.0.0/16'],
          managementPoints: [near.url],
          distributionPoints: [{ url: near.url, priority: 100 }],
        },
      ],
    },
  });
  await site.publish();
});
afterAll(async () => {
  await near?.close();
  await site?.close();
});
beforeEach(async () => {
  behave = undefined;
  await servePoint(site.point, nearFiles);
  site.requests.length = 0;
});

async function diskAt(address: string): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await site.layDisk(disk);
  layTree(disk, { 'machine.json': JSON.stringify({ facts: { ipAddresses: [address] } }) });
  return disk;
}

async function planOn(disk: string) {
  const asked = near.requests.length;
  const composition = testComposition(site);
  await showPlan({ disk, config: site.config, json: true }, composition);
  const { policy } = JSON.parse(composition.printed.join('\n'));
  const warnings = composition.events.flatMap(event =>
    event.kind === 'note' && event.component === 'policy' && event.level === 'warning' ? [event.text] : [],
  );
  return { from: policy.from, serial: policy.serial, warnings, asked: near.requests.slice(asked) };
}

/** What the near server serves as its current policy. */
async function servedPolicy(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path.join(site.point, 'policy/2/policy.json'), 'utf8'));
}

describe('dynamic media', () => {
  it('within a boundary follow the policy of the near management point', async () => {
    const { from, serial, warnings } = await planOn(await diskAt('10.1.4.7'));
    expect({ from, serial, warnings }).toEqual({ from: near.url, serial: 2, warnings: [] });
    expect(site.requests.some(request => request.includes('policy/current.json'))).toBe(true);
  });

  it('outside of all boundaries ask nobody but the points that they name', async () => {
    const { from, asked } = await planOn(await diskAt('192.168.1.7'));
    expect(from).toBe(site.url);
    expect(asked).toEqual([]);
  });

  it('fetch content from the near distribution point, in WinPE and in the new Windows, and from the far one what it lacks', async () => {
    const disk = await diskAt('10.1.4.7');
    await wearDisk(disk);
    for (const name of [...nearFiles.keys()]) {
      if (name.startsWith('content/CON00004/')) nearFiles.delete(name);
    }
    expect(await deploy({ disk, config: site.config, json: true }, testComposition(site))).toBe(3);
    const far = site.requests.filter(request => request.includes('content/'));
    expect(far.length).toBeGreaterThan(0);
    expect(far.filter(request => !request.includes('content/CON00004/'))).toEqual([]);
    expect(near.requests.some(request => request.path.startsWith('content/CON00006/'))).toBe(true);
    const mended = near.requests.length;
    await overwrite(
      path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages/CON00006/data.bin'),
      1,
      Buffer.from('X'),
    );
    const fullOs = testComposition(site);
    expect(await continueDeployment({ disk, config: site.config, json: true }, fullOs)).toBe(0);
    const asked = near.requests.slice(mended).map(({ path: each }) => each);
    expect(asked.filter(each => each !== 'status')).toEqual(['content/CON00006/3/files/data.bin']);
    // Status goes where it went in WinPE, so that one server has the whole of it; this one is too simple to take it.
    expect(asked).toContain('status');
  });

  it.each<[string, () => Promise<void> | void, RegExp]>([
    ['is down', () => spoilWith({ kind: 'status', status: 503 }), /NET-04/],
    ['is a captive portal', () => spoilWith({ kind: 'page' }), /NET-10/],
    ['sends nothing as its pointer', () => void nearFiles.set('policy/current.json', Buffer.of()), /NET-07/],
    ['serves an older policy', () => void nearFiles.set('policy/current.json', pointer(1)), /TRUST-06/],
    ['serves a forged policy', forge, /TRUST-02/],
  ])('follow the far one when the near one %s, with a warning', async (_, spoil, code) => {
    await spoil();
    const { from, serial, warnings } = await planOn(await diskAt('10.1.4.7'));
    expect({ from, serial }).toEqual({ from: site.url, serial: 2 });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(code);
  });

  it('follow a newer policy of the near one', async () => {
    const newer = encodeJson({ ...(await servedPolicy()), serial: 9 });
    const { loadPrivateKey } = await import('../../agent/author/key-files.ts');
    const key = await loadPrivateKey(path.join(site.site, 'keys'), 'policy');
    nearFiles.set('policy/current.json', pointer(9));
    nearFiles.set('policy/9/policy.json', newer);
    nearFiles.set('policy/9/policy.json.sig', signDetached('policy', newer, key));
    const { from, serial } = await planOn(await diskAt('10.1.4.7'));
    expect({ from, serial }).toEqual({ from: near.url, serial: 9 });
  });
});

describe('site-based media', () => {
  it('ask nobody but the points that they name, wherever they are', async () => {
    layTree(site.site, {
      'media/site.yaml': { taskSequence: 'CON00020', bootImage: 'CON00005', createdBy: 'A. Admin' },
    });
    const world = { ...authorKit(new Date().toISOString()), imaging: site.imaging, newId: () => ID };
    const wim = path.join(folder, 'site.wim');
    await createMedia({ site: site.site, name: 'site', to: wim, from: site.point }, world);
    const disk = path.join(folder, 'site-based');
    const keys = [await loadPublicKey(path.join(site.site, 'keys'), 'media')];
    await applyMedia({ wim, target: { disk }, keys, confirmed: true }, world);
    layTree(disk, { 'machine.json': JSON.stringify({ facts: { ipAddresses: ['10.1.4.7'] } }) });
    const { from, asked } = await planOn(disk);
    expect(from).toBe(site.url);
    expect(asked).toEqual([]);
  });
});

const ID = '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a11';

function pointer(serial: number): Uint8Array {
  return encodeJson({ format: 'prestage-policy-pointer/1', serial });
}

function spoilWith(wrong: Misbehaviour): void {
  behave = wrong;
}

async function forge(): Promise<void> {
  const forged = encodeJson({ ...(await servedPolicy()), serial: 3 });
  nearFiles.set('policy/current.json', pointer(3));
  nearFiles.set('policy/3/policy.json', forged);
  nearFiles.set('policy/3/policy.json.sig', signDetached('policy', forged, newKeyPair()));
}
