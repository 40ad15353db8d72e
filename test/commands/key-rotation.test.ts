// Keys that are exchanged and keys that are revoked, from the site folder to the computer: real media, real servers.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { createMedia } from '../../agent/author/create-media.ts';
import { createKey, loadPrivateKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { readOrder } from '../../agent/commands/capture/read-order.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { fetchRevocations } from '../../agent/commands/deployment/revocations.ts';
import { keysRevoke } from '../../agent/commands/keys/revoke.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { asFault, type Fault } from '../../agent/fault/fault.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { newKeyPair, type PrivateKey } from '../../agent/trust/keys.ts';
import { KnownRevocations } from '../../agent/trust/known-revocations.ts';
import { type Revocations, signRevocations } from '../../agent/trust/revocations.ts';
import { signDetached } from '../../agent/trust/signature.ts';
import { mediaManifest } from '../support/signed-documents.ts';
import { authorKit, layTree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('key-rotation');
const NAMES = ['policy', 'policy-2', 'media', 'media-2', 'root', 'depot'] as const;
type Name = (typeof NAMES)[number];
let site: SmallSite;
let keys: Readonly<Record<Name, PrivateKey>>;
let count = 0;

beforeAll(async () => {
  site = await makeSmallSite(folder);
  for (const name of NAMES)
    if (name !== 'policy' && name !== 'media') await createKey(path.join(site.site, 'keys'), name);
  const pairs = await Promise.all(
    NAMES.map(async name => [name, await loadPrivateKey(path.join(site.site, 'keys'), name)] as const),
  );
  keys = Object.fromEntries(pairs) as Record<Name, PrivateKey>;
});

afterAll(() => site.close());

beforeEach(async () => {
  await rm(path.join(site.site, 'keys', 'revocations.json'), { force: true });
  await rm(path.join(site.point, 'keys'), { recursive: true, force: true });
});

/** What site.yaml says of keys from now on. */
function name(wanted: object): void {
  const url = site.url;
  layTree(site.site, {
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [{ url, priority: 1 }],
      managementPoints: [url],
      keys: { policy: 'policy', media: 'media', ...wanted },
    },
  });
}

async function publishNow(): Promise<void> {
  await publish({ site: site.site, point: site.point }, { ...authorKit(), clock: systemClock });
}

/** Media of the site as it stands, laid on a disk. */
async function makeDisk(signer: Name = 'media'): Promise<string> {
  count += 1;
  const wim = path.join(folder, `media-${count}.wim`);
  const disk = path.join(folder, `disk-${count}`);
  const world = {
    ...authorKit(),
    clock: systemClock,
    imaging: site.imaging,
    newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a1'.concat(String(count % 10)),
  };
  await createMedia({ site: site.site, name: 'depot', to: wim, from: site.point }, world);
  await applyMedia({ wim, target: { disk }, keys: [keys[signer].public], confirmed: true }, world);
  return disk;
}

interface Pinned {
  readonly keys?: readonly Name[];
  readonly rootKeys?: readonly Name[];
}

function pin({ keys: pinned = ['media'], rootKeys = [] }: Pinned): string {
  count += 1;
  const text = (which: Name): string => keys[which].public.text;
  layTree(path.join(folder, `config-${count}`), {
    'agent.yaml': {
      keys: pinned.map(text),
      ...(rootKeys.length > 0 && { rootKeys: rootKeys.map(text) }),
      transfer: { retryCount: 0, retryDelaySeconds: 0.01, stallTimeoutSeconds: 2 },
    },
  });
  return path.join(folder, `config-${count}`, 'agent.yaml');
}

async function planOn(disk: string, config: string): Promise<readonly string[]> {
  const composition = testComposition(site);
  expect(await showPlan({ disk, config, json: true }, composition)).toBe(0);
  return composition.events.flatMap(event =>
    event.kind === 'note' && event.component === 'revoked-keys' ? [`${event.level}: ${event.text}`] : [],
  );
}

async function refusal(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was refused');
}

async function revoke(...which: readonly Name[]): Promise<void> {
  for (const each of which)
    await keysRevoke(
      path.join(site.site, 'keys', `${each}.pub`),
      { root: path.join(site.site, 'keys', 'root.pem'), site: 'CON', in: path.join(site.site, 'keys') },
      testComposition(site),
    );
}

/** What a server has, whoever made it. */
async function serve(bytes: Uint8Array): Promise<void> {
  layTree(site.point, { 'keys/revocations.json': bytes });
}

function listOf(serial: number, ...which: readonly Name[]): Revocations {
  return {
    format: 'prestage-revocations/1',
    site: 'CON',
    serial,
    created: '2026-03-01T00:00:00Z',
    revoked: which.map(each => ({
      keyId: keys[each].public.id,
      publicKey: keys[each].public.text,
      since: '2026-03-01T00:00:00Z',
    })),
  };
}

const layoutOf = (disk: string) => cacheLayout(path.join(disk, 'volumes/windows'));

describe('an exchanged policy key', () => {
  it('is followed by media that named it in time, and refused by older ones, which say what to do', async () => {
    name({});
    await publishNow();
    const old = await makeDisk();
    name({ alsoPolicy: ['policy-2'] });
    const both = await makeDisk();
    const config = pin({});
    await planOn(old, config);
    await planOn(both, config);
    name({ policy: 'policy-2' });
    await publishNow();
    await planOn(both, config);
    const fault = await refusal(planOn(old, config));
    expect(fault).toMatchObject({ code: 'TRUST-02', subject: 'policy.json' });
    expect(fault.detail.found).toContain(keys['policy-2'].public.id);
    expect(fault.detail.otherwise).toContain('keys.alsoPolicy');
  });
});

describe('an exchanged media key', () => {
  it('is pinned beside the old one, until that is retired', async () => {
    name({});
    await publishNow();
    const old = await makeDisk();
    name({ media: 'media-2' });
    const next = await makeDisk('media-2');
    const both = pin({ keys: ['media', 'media-2'] });
    await planOn(old, both);
    await planOn(next, both);
    const retired = pin({ keys: ['media-2'] });
    await planOn(next, retired);
    expect(await refusal(planOn(old, retired))).toMatchObject({ code: 'TRUST-02', subject: 'media.json' });
  });
});

describe('a revoked key', () => {
  it('signs neither policy nor media any more, nor is it named on media', async () => {
    name({ root: 'root', depots: ['depot'] });
    await publishNow();
    await revoke('policy', 'media', 'depot');
    expect(await refusal(publishNow())).toMatchObject({ code: 'TRUST-13', subject: 'policy.pem' });
    expect(await refusal(makeDisk())).toMatchObject({ code: 'TRUST-13', subject: 'media.pem' });
    name({ root: 'root', media: 'media-2', depots: ['depot'], policy: 'policy-2' });
    await publishNow();
    expect(await refusal(makeDisk('media-2'))).toMatchObject({
      code: 'TRUST-13',
      subject: 'site.yaml keys.depots',
    });
    name({});
    expect(await refusal(publishNow())).toMatchObject({ code: 'USAGE-11' });
  });

  it('is known to every machine that reaches the server, once the site is published', async () => {
    name({ root: 'root', alsoPolicy: ['policy-2'] });
    await publishNow();
    const disk = await makeDisk();
    const config = pin({ rootKeys: ['root'] });
    expect(await planOn(disk, config)).toEqual([]);
    // The thief's policy, signed by the old key, and the site's list of that day.
    await revoke('policy');
    await serve(await readFile(path.join(site.site, 'keys', 'revocations.json')));
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-13', subject: 'policy.json' });
    name({ root: 'root', policy: 'policy-2' });
    await publishNow();
    expect(await planOn(disk, config)).toEqual([expect.stringMatching(/^info: List 1 of revoked keys/)]);
  });

  it('stays revoked on a disk that has seen the list, whatever is served later', async () => {
    name({ root: 'root' });
    await publishNow();
    const disk = await makeDisk();
    const config = pin({ rootKeys: ['root'] });
    const deployed = await makeDisk();
    await serve(signRevocations(listOf(7, 'depot'), keys.root));
    expect(await deploy({ disk: deployed, config }, testComposition(site))).toBe(3);
    expect(await readFile(layoutOf(deployed).acceptedRevocations, 'utf8')).toContain('serial\\":7');

    await serve(signRevocations(listOf(8, 'media'), keys.root));
    expect(await refusal(deploy({ disk, config }, testComposition(site)))).toMatchObject({
      code: 'TRUST-13',
      subject: 'media.json',
    });
    await serve(signRevocations(listOf(7, 'depot'), keys.root));
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-13', subject: 'media.json' });
    await rm(path.join(site.point, 'keys'), { recursive: true });
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-13', subject: 'media.json' });
  });

  it('is not revoked by a list that no pinned root key signed, which is told', async () => {
    name({});
    await publishNow();
    const disk = await makeDisk();
    await serve(signRevocations(listOf(9, 'media'), keys['media-2']));
    expect(await planOn(disk, pin({ rootKeys: ['root'] }))).toEqual([
      expect.stringMatching(/^warning: .*not followed: TRUST-02/),
    ]);
    await serve(signRevocations({ ...listOf(9, 'media'), site: 'FAB' }, keys.root));
    expect(await planOn(disk, pin({ rootKeys: ['root'] }))).toEqual([
      expect.stringMatching(/^warning: .*not followed: TRUST-11/),
    ]);
    await serve(signRevocations(listOf(9, 'media'), keys.root));
    const before = site.requests.length;
    expect(await planOn(disk, pin({}))).toEqual([]);
    expect(site.requests.slice(before).join('\n')).not.toContain('revocations');
  });

  it('travels with media, which are not deployed without the list that they were made with', async () => {
    name({ root: 'root', policy: 'policy-2' });
    await revoke('policy', 'media-2');
    await publishNow();
    const disk = await makeDisk();
    const { revocations } = layoutOf(disk);
    const config = pin({ keys: ['media', 'media-2'], rootKeys: ['root'] });
    await planOn(disk, config);
    await rm(path.join(site.point, 'keys'), { recursive: true });
    await planOn(disk, config);
    await writeFile(revocations, signRevocations(listOf(1, 'policy'), keys.root));
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-06', subject: revocations });
    await writeFile(revocations, 'rotten');
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-10', subject: revocations });
    await rm(revocations);
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-01', subject: revocations });
    expect(await planOn(disk, pin({ keys: ['media'] }))).toEqual([
      expect.stringContaining('pins no root key'),
    ]);
    // A newer one beside agent.yaml does as well.
    await writeFile(
      path.join(path.dirname(config), 'revocations.json'),
      signRevocations(listOf(3, 'policy'), keys.root),
    );
    await planOn(disk, config);
    await writeFile(
      path.join(path.dirname(config), 'revocations.json'),
      signRevocations(listOf(4, 'media'), keys.root),
    );
    expect(await refusal(planOn(disk, config))).toMatchObject({ code: 'TRUST-13', subject: 'media.json' });
  });

  it('is not brought back by publishing from an old key folder', async () => {
    name({ root: 'root', policy: 'policy-2' });
    await revoke('policy');
    const older = await readFile(path.join(site.site, 'keys', 'revocations.json'));
    await revoke('media-2');
    await publishNow();
    await writeFile(path.join(site.site, 'keys', 'revocations.json'), older);
    expect(await refusal(publishNow())).toMatchObject({ code: 'TRUST-06' });
  });

  it('vouches for no disk as a depot, nor does the report say so', async () => {
    const journaled: unknown[] = [];
    const revocations = new KnownRevocations([keys.root.public], 'CON');
    revocations.offer(signRevocations(listOf(1, 'depot'), keys.root), 'list');
    const composition = testComposition({ imaging: await openImaging({ system: 'linux' }) });
    const judge = (receipt: 'required' | 'optional') =>
      fetchRevocations({
        revocations,
        managementPoints: [],
        sources: [],
        manifest: mediaManifest(keys.policy.public.text, { depotKeys: [keys.depot.public.text], receipt }),
        layout: layoutOf(folder),
        key: keys.media.public,
        receipt: {
          outcome: 'vouched',
          keyId: keys.depot.public.id,
          time: '2026-03-01T00:00:00Z',
          tool: 'test',
          files: 1,
          bytes: 1,
        },
        composition,
        journal: { append: async record => void journaled.push(record) },
        observe: composition.observe,
      });
    expect(await refusal(judge('required'))).toMatchObject({ code: 'TRUST-13', subject: 'receipt.json' });
    expect(await judge('optional')).toBe(false);
    const { id } = keys.depot.public;
    const judged = {
      type: 'receipt-judged',
      outcome: 'not-believed',
      why: `depot key ${id}, which signed it, is revoked`,
    };
    expect(journaled).toEqual([judged, judged]);
    expect(composition.events).toContainEqual(expect.objectContaining({ level: 'warning' }));
  });

  it('orders no capture where the list lies beside agent.yaml', async () => {
    const config = pin({ rootKeys: ['root'] });
    const beside = path.dirname(config);
    const signer = newKeyPair();
    const order = encodeJson({
      format: 'prestage-capture-order/1',
      site: 'CON',
      association: '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51',
      created: '2026-03-01T00:00:00Z',
      expires: '2099-03-31T00:00:00Z',
      computer: { serial: 'OLD' },
      store: '\\\\srv\\state',
      key: Buffer.alloc(32).toString('base64'),
      method: 'files',
    });
    layTree(beside, { 'order.json': order, 'order.json.sig': signDetached('capture-order', order, signer) });
    const given = { order: path.join(beside, 'order.json'), key: [signer.public.text], config };
    const world = testComposition(site);
    expect((await readOrder(given, world)).order.association).toContain('8f4b2c1e');
    const entry = {
      keyId: signer.public.id,
      publicKey: signer.public.text,
      since: '2026-03-01T00:00:00Z',
    };
    layTree(beside, {
      'revocations.json': signRevocations({ ...listOf(1), revoked: [entry] }, keys.root),
    });
    expect(await refusal(readOrder(given, world))).toMatchObject({ code: 'TRUST-13', subject: 'order.json' });
  });
});
