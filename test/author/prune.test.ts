// Removing from a distribution point: what is needed stays, what is foreign stays, and a cut leaves each version whole or gone.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { createKey, loadPrivateKey } from '../../agent/author/key-files.ts';
import { type Pruned, prunePoint } from '../../agent/author/prune-point.ts';
import { publish } from '../../agent/author/publish.ts';
import { type PublishOptions, publishSite } from '../../agent/commands/publish.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import type { PrivateKey } from '../../agent/trust/keys.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { signDetached } from '../../agent/trust/signature.ts';
import { everyCut } from '../support/every-cut.ts';
import { mediaManifest, reference } from '../support/signed-documents.ts';
import { authorKit, layTree, noise, SITE } from '../support/site-kit.ts';
import { testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const temporary = tempFolder('prune');
const start = path.join(temporary, 'start');
let mediaKey: PrivateKey;
let count = 0;

/** Versions 6 and 7 are of policies that are gone, 8 is of the current one. */
beforeAll(async () => {
  const site = path.join(start, 'site');
  await createKey(path.join(site, 'keys'), 'policy');
  await createKey(path.join(site, 'keys'), 'media');
  mediaKey = await loadPrivateKey(path.join(site, 'keys'), 'media');
  layTree(site, { 'site.yaml': SITE['site.yaml'] });
  for (const version of ['6', '7', '8', '8', '8', '8', '8']) {
    layTree(site, {
      'content/CON00003/content.yaml': {
        id: 'CON00003',
        type: 'package',
        name: 'Runtime',
        version,
        source: 'files',
      },
      'content/CON00003/files/run.cmd': `version ${version}`,
      'content/CON00003/files/sub/large.bin': noise(300_000, Number(version)),
      // A manifest that is compressed, too.
      ...Object.fromEntries(
        Array.from({ length: 13 }, (_, n) => [
          `content/CON00003/files/${n} ${'long name '.repeat(23)}.txt`,
          '',
        ]),
      ),
    });
    await publish({ site, point: path.join(start, 'point') }, authorKit());
  }
});

function fresh(): { readonly site: string; readonly point: string } {
  count += 1;
  const folder = path.join(temporary, `world-${count}`);
  cpSync(start, folder, { recursive: true, preserveTimestamps: true });
  return { site: path.join(folder, 'site'), point: path.join(folder, 'point') };
}

interface Listed {
  readonly media?: readonly string[];
  readonly mediaFolders?: readonly string[];
}

function prune(
  place: { readonly site: string; readonly point: string },
  { media = [], mediaFolders = [] }: Listed = {},
): Promise<Pruned> {
  return prunePoint({ ...place, media, mediaFolders }, { ...authorKit(), confirm: () => true });
}

const versions = ({ point }: { readonly point: string }): string[] =>
  readdirSync(path.join(point, 'content/CON00003')).sort();

/** Media that carries version 6, by its signed manifest alone. */
function layMedia(folder: string, key: PrivateKey): string {
  const bytes = encodeJson(
    mediaManifest('ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', {
      content: [reference('CON00001', 'os-image'), { ...reference('CON00003', 'package'), version: '6' }],
      osImage: { id: 'CON00001', index: 1 },
    }),
  );
  mkdirSync(folder, { recursive: true });
  const wim = path.join(folder, 'depot.wim');
  writeFileSync(`${wim}.media.json`, bytes);
  writeFileSync(`${wim}.media.json.sig`, signDetached('media', bytes, key));
  return wim;
}

it('removes versions that no policy on the point names, and nothing else', async () => {
  const place = fresh();
  const whole = await readTree(path.join(place.point, 'content/CON00003/8'));
  const pruned = await prune(place);
  expect(pruned.versions.map(({ version, files }) => [version, files])).toEqual([
    // Manifest, two files, an index; the full pack with its index, and one from 6.
    ['6', 20],
    ['7', 23],
  ]);
  expect(pruned.versions[0]?.bytes).toBeGreaterThan(300_000);
  expect(pruned).toMatchObject({ kept: 1, policies: [3, 4, 5, 6, 7], removed: true, foreign: [] });
  expect(versions(place)).toEqual(['8']);
  expect(await readTree(path.join(place.point, 'content/CON00003/8'))).toEqual(whole);
  expect((await publish(place, authorKit())).items[0]?.outcome).toBe('unchanged');
  expect(await prune(place)).toMatchObject({ versions: [], removed: false });
});

it('removes nothing through a link, which may lead to another point', async () => {
  for (const linked of ['content', 'content/CON00003', 'content/CON00003/7']) {
    const place = fresh();
    const other = fresh();
    rmSync(path.join(place.point, linked), { recursive: true });
    symlinkSync(path.join(other.point, linked), path.join(place.point, linked));
    const pruned = await prune(place);
    expect(pruned.foreign).toContain(linked);
    expect(versions(other)).toEqual(['6', '7', '8']);
  }
});

it('keeps what listed media needs, named or in a folder', async () => {
  for (const listed of ['media', 'mediaFolders'] as const) {
    const place = fresh();
    const folder = path.join(place.site, 'made');
    const wim = layMedia(folder, mediaKey);
    await prune(place, { [listed]: [listed === 'media' ? wim : folder] });
    expect(versions(place)).toEqual(['6', '8']);
  }
});

it.each([
  ['media that another key signed', 'TRUST-02', (place: string) => [layMedia(place, newKeyPair())]],
  ['media without its manifest', 'USAGE-08', (place: string) => [path.join(place, 'absent.wim')]],
])('removes nothing on account of %s', async (_, code, listed) => {
  const place = fresh();
  const before = await readTree(place.point);
  const media = listed(path.join(place.site, 'made'));
  expect(await faultOf(prune(place, { media }))).toMatchObject({ code });
  expect(await readTree(place.point)).toEqual(before);
});

it('removes nothing when a folder of media has none, when a policy is damaged, or when the point is of another site', async () => {
  const place = fresh();
  const before = await readTree(place.point);
  expect(await faultOf(prune(place, { mediaFolders: [place.site] }))).toMatchObject({ code: 'USAGE-08' });
  const other = fresh();
  layTree(other.site, {
    'site.yaml': { site: 'FAB', name: 'x', keys: { policy: 'policy', media: 'media' } },
    content: undefined,
  });
  expect(await faultOf(prune({ ...place, site: other.site }))).toMatchObject({ code: 'USAGE-18' });
  expect(await readTree(place.point)).toEqual(before);
  writeFileSync(path.join(place.point, 'policy/4/policy.json'), '{}');
  expect(await faultOf(prune(place))).toMatchObject({ code: 'TRUST-02' });
  expect(versions(place)).toEqual(['6', '7', '8']);
});

it('leaves what Prestage did not put there, and clears what cut runs left', async () => {
  const place = fresh();
  layTree(place.point, {
    'content/README.txt': 'mine',
    'content/CON00003/notes/a.txt': 'mine',
    'content/CON00003/6/files/mine.txt': 'mine',
    'content/CON00003/.9.staging/files/half': 'half',
    'content/CON00003/.5.pruned/files/half': 'half',
    [`content/CON00003/8/chunks/${'0'.repeat(64)}.chunks`]: 'of no file',
    'content/CON00003/8/files/run.cmd.prestage-new': 'half',
    'policy/.99.staging/policy.json': '{}',
  });
  const pruned = await prune(place);
  expect(pruned.foreign).toEqual([
    'content/CON00003/6/files/mine.txt',
    'content/CON00003/notes',
    'content/README.txt',
  ]);
  expect(pruned.leftovers).toHaveLength(5);
  expect(versions(place)).toEqual(['6', '8', 'notes']);
  expect(existsSync(path.join(place.point, 'policy/.99.staging'))).toBe(false);
  expect((await publish({ ...place, rehash: true }, authorKit())).items[0]?.outcome).toBe('unchanged');
});

it('names what it would remove, and removes it with --yes only', async () => {
  const place = fresh();
  const imaging = await openImaging({ system: 'linux' });
  const run = async (options: Partial<PublishOptions>): Promise<readonly string[]> => {
    const composition = testComposition({ imaging });
    await publishSite(place.site, { to: place.point, prune: true, ...options }, composition).catch(thrown => {
      composition.print(thrown.code);
      if (thrown.code === 'USAGE-12') composition.print(thrown.detail.media);
    });
    return composition.printed;
  };
  const [table, code, media] = await run({});
  expect(media).toContain('--media-folder');
  expect(table).toMatch(/CON00003 +6 +20 +\d+/);
  expect(code).toBe('USAGE-12');
  expect(versions(place)).toEqual(['6', '7', '8']);
  expect(await run({ prune: false, yes: true })).toEqual(['USAGE-01']);
  expect(await run({ rehash: true })).toEqual(['USAGE-01']);
  expect((await run({ yes: true })).join()).toContain('1 version is kept, for 5 policies and 0 media.');
  expect(versions(place)).toEqual(['8']);
  expect(JSON.parse((await run({ json: true }))[0] ?? '')).toMatchObject({
    format: 'prestage-prune/1',
    versions: [],
    removed: false,
  });
});

it.each([
  ['linux', 'dropped'],
  ['windows', 'mixed'],
] as const)(
  'cut anywhere on %s (%s), it leaves each version whole or gone, and the next prune finishes',
  async (system, loss) => {
    const plays = await everyCut({
      within: temporary,
      systems: [system],
      losses: [loss],
      prepare: async folder => cpSync(start, folder, { recursive: true, preserveTimestamps: true }),
      run: async (durable, folder) => {
        const place = { site: path.join(folder, 'site'), point: path.join(folder, 'point') };
        await prunePoint(
          { ...place, media: [], mediaFolders: [] },
          { ...authorKit(), durable, confirm: () => true },
        );
      },
      verify: async folder => {
        const place = { site: path.join(folder, 'site'), point: path.join(folder, 'point') };
        for (const version of versions(place).filter(name => !name.startsWith('.')))
          expect(await readTree(path.join(place.point, 'content/CON00003', version))).toEqual(
            await readTree(path.join(start, 'point/content/CON00003', version)),
          );
        await prune(place);
        expect(versions(place)).toEqual(['8']);
      },
    });
    expect(plays).toBeGreaterThan(15);
  },
);
