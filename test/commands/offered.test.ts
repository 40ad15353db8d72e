// What is offered to a machine, from the published site to the plan: names, schedules, reasons as text and as data.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showPlan } from '../../agent/commands/plan.ts';
import { layTree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('offered');
const disk = path.join(folder, 'disk');
let site: SmallSite;

const deployment = (id: string, more: object) => ({
  id,
  taskSequence: 'CON00020',
  collection: 'all',
  purpose: 'available',
  makeAvailableTo: 'media-pxe',
  ...more,
});

beforeAll(async () => {
  site = await makeSmallSite(folder, {
    differences: {
      'collections.yaml': [{ name: 'Graz', rule: { subnets: ['10.1.0.0/16'] } }, { name: 'Pilot' }],
      'deployments.yaml': [
        deployment('CON20001', { makeAvailableTo: 'clients', purpose: 'required' }),
        deployment('CON20002', { collection: 'Pilot', purpose: 'required' }),
        deployment('CON20003', { schedule: { from: '2099-01-01T00:00:00Z' }, purpose: 'required' }),
        deployment('CON20004', { collection: 'Graz' }),
        deployment('CON20005', { makeAvailableTo: 'media-pxe-hidden' }),
        deployment('CON20006', { collection: 'Graz' }),
      ],
    },
  });
  await site.layDisk(disk);
});
afterAll(() => site?.close());

function machineAt(address: string): void {
  layTree(disk, { 'machine.json': JSON.stringify({ facts: { ipAddresses: [address] } }) });
}

async function plan(options: object) {
  const composition = testComposition(site);
  const fault = await showPlan({ disk, config: site.config, ...options }, composition).then(
    () => undefined,
    thrown => thrown,
  );
  return { fault, printed: composition.printed.join('\n') };
}

describe('plan --why', () => {
  it('says of every deployment in policy’s order whether it is offered, and why', async () => {
    machineAt('10.1.4.7');
    const { printed } = await plan({ why: true });
    const now = expect.stringMatching(
      /^ {2}CON20003 \(CON00020\) is not offered: not before 2099-01-01T00:00:00Z; it is 20[0-9T:-]+Z\.$/,
    );
    expect(printed.split('\n').slice(2, 8)).toEqual([
      '  CON20001 (CON00020) is not offered: made available to clients only.',
      '  CON20002 (CON00020) is not offered: collection Pilot does not hold this machine: policy has no record of it.',
      now,
      "  CON20004 (CON00020) runs: first available deployment for this machine; collection Graz holds this machine's address (10.1.4.7).",
      '  CON20005 (CON00020) is not offered: hidden, and not named as preferred.',
      "  CON20006 (CON00020) is offered, but CON20004 comes first in policy; collection Graz holds this machine's address (10.1.4.7).",
    ]);
  });

  it('runs the hidden one by its name', async () => {
    const { printed } = await plan({ why: true, deployment: 'CON20005' });
    expect(printed).toContain('CON20005 (CON00020) runs: named as preferred');
    expect(printed).toContain('CON20004 (CON00020) is not offered: CON20005 is preferred.');
  });

  it('gives the same as data', async () => {
    const { deployments, choice } = JSON.parse((await plan({ json: true })).printed);
    expect(choice.deployment.id).toBe('CON20004');
    expect(deployments).toHaveLength(6);
    expect(deployments[0]).toEqual({
      id: 'CON20001',
      taskSequence: 'CON00020',
      purpose: 'required',
      offered: false,
      why: 'made available to clients only',
    });
  });
});

describe('nothing offered', () => {
  it('is a fault that names every reason, and data where data is asked for', async () => {
    machineAt('192.168.1.7');
    const { fault, printed } = await plan({ json: true });
    expect(fault).toMatchObject({ code: 'CONTENT-07', subject: 'Prestage Rehearsal' });
    expect(fault.detail.reasons).toHaveLength(6);
    expect(fault.detail.reasons[3]).toBe(
      "CON20004 (CON00020): collection Graz (subnet 10.1.0.0/16) does not hold this machine's address (192.168.1.7)",
    );
    const { deployments } = JSON.parse(printed);
    expect(deployments.map((each: { offered: boolean }) => each.offered)).toEqual(Array(6).fill(false));
  });

  it('prints nothing on standard output where no data is asked for', async () => {
    expect(
      (await faultOf(showPlan({ disk, config: site.config, why: true }, testComposition(site)))).code,
    ).toBe('CONTENT-07');
    expect((await plan({ why: true })).printed).toBe('');
  });
});
