// What policy wants since the media was made lies for the most part on the machine, in items of other IDs, in the staged OS image, in the boot image: the
// plan says what must be fetched, and that is what is fetched.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import type { Plan } from '../../agent/plan/plan.ts';
import type { Report } from '../../agent/report/report.ts';
import { layTree, noise } from '../support/site-kit.ts';
import { ITEMS, makeSmallSite, moveWorldOn, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, readTree } from '../support/wim-kit.ts';

const folder = tempFolder('seeds-of-machine');
const KERNEL = noise(900_000, 11);
const OLD_EDITOR = noise(700_000, 2);
// Longer than a gap that is fetched along, and so is all that lies between two stretches that are missing.
const NEW = noise(1_500_000, 71);
const IDLE = noise(1_500_000, 72);
/** Bytes that are new and come twice in one file. */
const TWICE = noise(1_500_000, 75);
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      // Laid on the media, but of no use to the sequence that will be deployed: nobody reads it for the plan.
      'content/CON00009/content.yaml': { ...ITEMS.tool, id: 'CON00009', name: 'Idle', version: '1' },
      'content/CON00009/files/tool.cmd': '@exit /b 0\r\n',
      'content/CON00009/files/idle.bin': IDLE,
      'content/CON00009/files/license.txt': 'Whoever reads this\n',
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        packages: ['CON00009'],
        applications: ['CON00002'],
      },
    },
  });
  layTree(site.site, {
    'content/CON00007/content.yaml': { ...ITEMS.tool, id: 'CON00007', name: 'Suite', version: '1' },
    'content/CON00007/files/tool.cmd': '@exit /b 0\r\n',
    'content/CON00007/files/suite.cab': Buffer.concat([NEW, KERNEL, OLD_EDITOR]),
    'content/CON00007/files/boot.txt': 'boot manager',
    'content/CON00007/files/license.txt': 'Whoever reads this\n',
    'content/CON00007/files/one.bin': noise(50_000, 73),
    'content/CON00007/files/two.bin': noise(50_000, 73),
    'content/CON00008/content.yaml': { ...ITEMS.tool, id: 'CON00008', name: 'Add-on', version: '1' },
    'content/CON00008/files/tool.cmd': '@exit /b 0\r\n',
    'content/CON00008/files/add-on.cab': Buffer.concat([noise(5000, 74), NEW, IDLE]),
    'content/CON00008/files/disk.img': Buffer.concat([TWICE, new Uint8Array(2_000_000), TWICE]),
    'task-sequences/CON00020.yaml': {
      name: 'Install Windows',
      osImage: { id: 'CON00001', index: 1 },
      packages: ['CON00007', 'CON00008'],
      applications: ['CON00002'],
    },
  });
  await moveWorldOn(site);
});
afterAll(() => site?.close());

/** A disk, what is planned for it, and what is reported when it was deployed. */
async function planned(name: string, wear: (packages: string) => Promise<void> = async () => {}) {
  const disk = path.join(folder, name);
  await site.layDisk(disk);
  await wear(path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages'));
  const options = { disk, config: site.config, json: true } as const;
  const looking = testComposition(site);
  await showPlan(options, looking);
  const { plan }: { plan: Plan } = JSON.parse(looking.printed.at(-1) ?? '');
  const acting = testComposition(site);
  expect(await deploy(options, acting)).toBe(3);
  const report: Report = JSON.parse(acting.printed.at(-1) ?? '');
  const applied = await readTree(path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages'));
  for (const { reference } of plan.items) {
    const files = await readTree(path.join(site.site, 'content', reference.id, 'files'));
    for (const [file, digest] of Object.entries(files))
      expect(applied[`${reference.id}/${file}`], file).toBe(digest);
  }
  return { plan, report };
}

const told = (plan: Plan) =>
  plan.items.map(({ reference: { id }, outcome, reusableBytes, fetchBytes }) => [
    id,
    outcome,
    reusableBytes,
    fetchBytes,
  ]);
/** What had to come from elsewhere, in bytes of content; on the wire it may be less (packed) or a little more (what frames it). */
const broughtTo = ({ totalBytes, presentBytes, reusedBytes }: Report['items'][number]): number =>
  totalBytes - presentBytes - reusedBytes;
const done = (report: Report) =>
  report.items.map(item => [item.id, item.outcome, item.reusedBytes, broughtTo(item)]);

test('what other items, the OS image and the boot image hold is planned to be reused, and is', async () => {
  site.requests.length = 0;
  const { plan, report } = await planned('whole');
  expect(done(report)).toEqual(told(plan));
  const asked = site.requests.flatMap(text => /\/(CON0000[78]\/1\/files\/\S+)/.exec(text)?.[1] ?? []);
  // Not tool.cmd, boot.txt, license.txt or the second twin; what comes in packs has no name of its own.
  const lacking = ['7/1/files/one.bin', '7/1/files/suite.cab', '8/1/files/add-on.cab', '8/1/files/disk.img'];
  expect(asked.filter(name => !lacking.includes(name.slice('CON0000'.length)))).toEqual([]);
  for (const item of report.items)
    expect(item.fetchedBytes).toBeLessThanOrEqual(broughtTo(item) * 1.01 + 200);
  const fetched = new Map(report.items.map(({ id, fetchedBytes }) => [id, fetchedBytes]));
  // Of 3.2 MB the 1.5 MB that are new, one of two twins, and the chunks at the seams.
  expect(fetched.get('CON00007')).toBeGreaterThan(1_550_000);
  expect(fetched.get('CON00007')).toBeLessThan(1_550_000 + 4 * 262_144);
  // Of 8 MB what is nowhere and comes once: the rest was brought by the item before it, or lies in one that the sequence does not use.
  expect(fetched.get('CON00008')).toBeLessThan(5000 + 1_500_000 + 7 * 262_144);
});

test('a lender that is damaged unseen costs the fetch of what is damaged', async () => {
  const { plan, report } = await planned('worn', async packages => {
    await overwrite(path.join(packages, 'CON00009/idle.bin'), 1_400_000, Buffer.from('worn'));
  });
  const of = (id: string) => ({
    planned: plan.items.find(item => item.reference.id === id)?.fetchBytes ?? 0,
    brought: report.items.filter(item => item.id === id).map(broughtTo)[0] ?? 0,
  });
  const addOn = of('CON00008');
  expect(addOn.brought).toBeGreaterThan(addOn.planned);
  expect(addOn.brought).toBeLessThanOrEqual(addOn.planned + 262_144);
  expect(of('CON00007').brought).toBe(of('CON00007').planned);
});

test('a lender that was read for the plan and found damaged or gone is not counted on', async () => {
  const { plan, report } = await planned('gone', async packages => {
    await rm(path.join(packages, 'CON00002/setup.exe'));
    await overwrite(path.join(packages, 'CON00001/install.wim'), 500_000, Buffer.from('flip'));
    await rm(path.join(packages, 'CON00009'), { recursive: true });
  });
  expect(done(report)).toEqual(told(plan));
});
