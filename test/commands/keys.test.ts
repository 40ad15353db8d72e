// Key files as an admin handles them: made, shown, protected, used, revoked.
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, createMachineKey, loadMachineKey, loadPrivateKey } from '../../agent/author/key-files.ts';
import { associate } from '../../agent/commands/associate.ts';
import { keysNew } from '../../agent/commands/keys/new.ts';
import { keysProtect } from '../../agent/commands/keys/protect.ts';
import { keysRevoke } from '../../agent/commands/keys/revoke.ts';
import { keysShow } from '../../agent/commands/keys/show.ts';
import { publishSite } from '../../agent/commands/publish.ts';
import type { Terminal } from '../../agent/console/menu.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { publicKey } from '../../agent/trust/keys.ts';
import { readRevocations } from '../../agent/trust/revocations.ts';
import { layTree, SITE } from '../support/site-kit.ts';
import { type TestComposition, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { typing } from '../support/typing.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('keys');
const PASSPHRASE = 'correct horse battery';
const OTHER = 'another long passphrase';
let imaging: Imaging;
let wim: Uint8Array;
let count = 0;

beforeAll(async () => {
  imaging = await openImaging({ system: 'linux' });
  await writeTree(path.join(temporary, 'tree'), { 'Windows/a.txt': 'a' });
  await captureWim(path.join(temporary, 'os.wim'), [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  wim = readFileSync(path.join(temporary, 'os.wim'));
});

interface Differences {
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: Terminal;
  readonly durable?: DurableFiles;
}

function world({ environment = {}, terminal, durable }: Differences = {}): TestComposition {
  const composition = testComposition({ imaging }, durable === undefined ? {} : { durable });
  return { ...composition, environment, ...(terminal === undefined ? {} : { terminal }) };
}

function folder(): string {
  count += 1;
  return path.join(temporary, `keys-${count}`);
}

async function layKeySite(keys: object): Promise<{ site: string; keys: string; point: string }> {
  count += 1;
  const site = path.join(temporary, `site-${count}`);
  layTree(site, {
    ...SITE,
    'content/CON00001/files/install.wim': wim,
    'content/CON00005/files/sources/boot.wim': wim,
    'site.yaml': { ...(SITE['site.yaml'] as object), keys: { policy: 'policy', media: 'media', ...keys } },
  });
  return { site, keys: path.join(site, 'keys'), point: path.join(temporary, `point-${count}`) };
}

const TEXT = (word: string): readonly string[] => [...word, '\r'];
const mode = (file: string): number => statSync(file).mode & 0o777;

describe('keys under a passphrase', () => {
  it('are made by a person who types the passphrase twice, and readable by their owner alone', async () => {
    const keys = folder();
    const terminal = typing(...TEXT(PASSPHRASE), ...TEXT(PASSPHRASE));
    const at = world({ terminal });
    expect(await keysNew('policy', { in: keys, passphrase: true }, at)).toBe(0);
    const file = path.join(keys, 'policy.pem');
    expect(readFileSync(file, 'utf8')).toContain('ENCRYPTED PRIVATE KEY');
    expect(mode(file)).toBe(0o600);
    expect([...terminal.written, ...at.printed].join('')).not.toContain(PASSPHRASE);
    const key = await loadPrivateKey(keys, 'policy', { passphrase: async () => PASSPHRASE });
    expect(at.printed.join('\n')).toContain(key.public.text);
  });

  it('are refused with a short passphrase, without one when nobody can be asked, and with --json at a terminal', async () => {
    const keys = folder();
    const short = world({ environment: { PRESTAGE_PASSPHRASE: 'short' } });
    await expect(keysNew('a', { in: keys, passphrase: true }, short)).rejects.toMatchObject({
      code: 'USAGE-01',
    });
    await expect(keysNew('a', { in: keys, passphrase: true }, world())).rejects.toMatchObject({
      code: 'USAGE-17',
    });
    const asked = world({ terminal: typing(...TEXT(PASSPHRASE), ...TEXT(PASSPHRASE)) });
    await expect(keysNew('a', { in: keys, passphrase: true, json: true }, asked)).rejects.toMatchObject({
      code: 'USAGE-17',
    });
    expect(existsSync(keys)).toBe(false);
  });

  it.each(['pem', 'key'] as const)(
    'get one, another one and none again, and stay the same key (.%s)',
    async kind => {
      const keys = folder();
      const isPair = kind === 'pem';
      const made = isPair ? (await createKey(keys, 'k')).public.text : undefined;
      if (!isPair) await createMachineKey(keys, 'k');
      const file = path.join(keys, `k.${kind}`);
      const plain = readFileSync(file, 'utf8');
      const first = world({ environment: { PRESTAGE_NEW_PASSPHRASE: PASSPHRASE } });
      await keysProtect('k', { in: keys }, first);
      expect(readFileSync(file, 'utf8')).not.toContain(plain.split('\n').at(isPair ? 1 : 0));
      writeFileSync(path.join(keys, 'old.txt'), PASSPHRASE);
      writeFileSync(path.join(keys, 'new.txt'), OTHER);
      await keysProtect(
        'k',
        {
          in: keys,
          passphraseFile: path.join(keys, 'old.txt'),
          newPassphraseFile: path.join(keys, 'new.txt'),
        },
        world(),
      );
      const load = async (passphrase: string) =>
        isPair
          ? (await loadPrivateKey(keys, 'k', { passphrase: async () => passphrase })).public.text
          : await loadMachineKey(keys, 'k', { passphrase: async () => passphrase });
      await expect(load(PASSPHRASE)).rejects.toMatchObject({ code: 'USAGE-16', subject: file });
      if (isPair) expect(await load(OTHER)).toBe(made);
      expect(mode(file)).toBe(0o600);
      await keysProtect('k', { in: keys, passphraseFile: path.join(keys, 'new.txt'), remove: true }, world());
      expect(readFileSync(file, 'utf8')).toBe(plain);
      expect(mode(file)).toBe(0o600);
    },
  );

  it('are never lost: whichever write of a change fails, the key opens as before', async () => {
    const keys = folder();
    const { public: half } = await createKey(keys, 'k');
    const real = openDurableFiles();
    const cut: DurableFiles = {
      ...real,
      makeFolder: folder => real.makeFolder(folder),
      remove: name => real.remove(name),
      rename: async () => {
        throw new Error('the plug');
      },
    };
    const environment = { PRESTAGE_NEW_PASSPHRASE: PASSPHRASE };
    await expect(keysProtect('k', { in: keys }, world({ durable: cut, environment }))).rejects.toThrow(
      'plug',
    );
    expect((await loadPrivateKey(keys, 'k')).public.text).toBe(half.text);
    await keysProtect('k', { in: keys }, world({ environment }));
    expect(readdirSync(keys).toSorted()).toEqual(['k.pem', 'k.pub']);
  });

  it('tell a wrong passphrase from a file that is no key', async () => {
    const keys = folder();
    const at = world({ environment: { PRESTAGE_PASSPHRASE: PASSPHRASE } });
    await keysNew('machine', { in: keys, machine: true, passphrase: true }, at);
    const wrong = { passphrase: async () => OTHER };
    await expect(loadMachineKey(keys, 'machine', wrong)).rejects.toMatchObject({ code: 'USAGE-16' });
    const file = path.join(keys, 'machine.key');
    const box = readFileSync(file, 'utf8');
    writeFileSync(file, box.replace('"prestage-password-box/1"', '"something else"'));
    await expect(loadMachineKey(keys, 'machine', wrong)).rejects.toMatchObject({ code: 'USAGE-11' });
    writeFileSync(file, box.replace(/"box": "..../, '"box": "AAAA'));
    const right = { passphrase: async () => PASSPHRASE };
    await expect(loadMachineKey(keys, 'machine', right)).rejects.toMatchObject({ code: 'USAGE-11' });
  });

  it('sign for publish and for orders: asked once for each file, or once for all from the environment', async () => {
    const { site, keys, point } = await layKeySite({});
    const environment = { PRESTAGE_PASSPHRASE: PASSPHRASE };
    const by = world({ environment });
    await keysNew('policy', { in: keys, passphrase: true }, by);
    await keysNew('machine', { in: keys, machine: true, passphrase: true }, by);
    const id = '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51';
    layTree(site, {
      'associations.yaml': [
        { id, from: { serial: 'OLD' }, to: { serial: 'NEW' }, store: '\\\\srv\\state', method: 'files' },
      ],
    });
    const terminal = typing(...TEXT(PASSPHRASE), ...TEXT(PASSPHRASE));
    expect(await publishSite(site, { to: point }, world({ terminal }))).toBe(0);
    expect(terminal.written.filter(text => text.startsWith('Passphrase of'))).toEqual([
      `Passphrase of ${path.join(keys, 'policy.pem')}: `,
      `Passphrase of ${path.join(keys, 'machine.key')}: `,
    ]);
    const out = path.join(temporary, `order-${count}.json`);
    expect(await associate(site, { order: id, out }, world({ environment }))).toBe(0);
    await expect(publishSite(site, { to: point }, world())).rejects.toMatchObject({ code: 'USAGE-17' });
    const wrong = world({ environment: { PRESTAGE_PASSPHRASE: OTHER } });
    await expect(publishSite(site, { to: point }, wrong)).rejects.toMatchObject({ code: 'USAGE-16' });
  });
});

describe('keys show', () => {
  it('tells what each key is for and how it is kept, and nothing secret', async () => {
    const { site, keys } = await layKeySite({ root: 'root', alsoPolicy: ['policy-2027'], depots: ['graz'] });
    for (const name of ['policy', 'media', 'policy-2027', 'root', 'graz', 'spare'])
      await createKey(keys, name);
    await createMachineKey(keys, 'machine');
    const by = world({ environment: { PRESTAGE_NEW_PASSPHRASE: PASSPHRASE } });
    await keysProtect('media', { in: keys }, by);
    const { rm } = await import('node:fs/promises');
    for (const name of ['root', 'graz']) await rm(path.join(keys, `${name}.pem`));
    chmodSync(path.join(keys, 'policy.pem'), 0o644);
    const at = world();
    await keysShow(keys, { site }, at);
    const text = at.printed.join('\n');
    const media = readFileSync(path.join(keys, 'media.pub'), 'utf8').trim();
    expect(text).toContain(
      `media: media\n  Key ID   ${publicKey(media).id}\n  To pin   ${media}\n  Secret   here, under a passphrase`,
    );
    expect(text).toMatch(
      /policy: policy\n.*\n.*\n {2}Secret {3}here, without a passphrase.*\n {2}WARNING {2}others/,
    );
    for (const line of [
      'policy-2027: next policy',
      'root: root',
      'graz: depot',
      'spare: nothing in site.yaml',
      'machine: machine records',
    ])
      expect(text).toContain(line);
    const secret = readFileSync(path.join(keys, 'machine.key'), 'utf8').trim();
    expect(text).not.toContain(secret);
    expect(text).not.toContain('PRIVATE');
    const one = world();
    await keysShow(path.join(keys, 'root.pub'), { json: true }, one);
    expect(JSON.parse(one.printed.join(''))).toMatchObject({
      format: 'prestage-keys/1',
      keys: [{ name: 'root', secret: 'absent', uses: [] }],
    });
  });

  it('warns whoever signs with a key that others can read', async () => {
    const { site, keys, point } = await layKeySite({});
    await createKey(keys, 'policy');
    chmodSync(path.join(keys, 'policy.pem'), 0o640);
    const at = world();
    await publishSite(site, { to: point }, at);
    expect(at.events).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        component: 'keys',
        text: expect.stringContaining('chmod 600'),
      }),
    );
  });

  it('refuses halves of two keys, and a place without keys', async () => {
    const keys = folder();
    await createKey(keys, 'a');
    await createKey(keys, 'b');
    writeFileSync(path.join(keys, 'a.pub'), readFileSync(path.join(keys, 'b.pub')));
    await expect(keysShow(keys, {}, world())).rejects.toMatchObject({ code: 'USAGE-11' });
    await expect(loadPrivateKey(keys, 'a')).rejects.toMatchObject({ code: 'USAGE-11' });
    await expect(keysShow(path.join(keys, 'none'), {}, world())).rejects.toMatchObject({ code: 'USAGE-08' });
    await expect(keysShow(temporary, {}, world())).rejects.toMatchObject({ code: 'USAGE-08' });
  });
});

describe('keys revoke', () => {
  it('makes the list, extends it, and keeps what was revoked before', async () => {
    const keys = folder();
    const root = await createKey(keys, 'root');
    const first = await createKey(keys, 'first');
    const second = await createKey(keys, 'second');
    const by = { root: path.join(keys, 'root.pem'), site: 'CON', in: keys };
    await keysRevoke(first.publicFile, { ...by, reason: 'laptop stolen' }, world());
    await keysRevoke(second.public.id, by, world());
    const read = () =>
      readRevocations(readFileSync(path.join(keys, 'revocations.json')), {
        roots: [root.public],
        site: 'CON',
        subject: 'list',
      });
    expect(read()).toMatchObject({
      serial: 2,
      revoked: [{ publicKey: first.public.text, reason: 'laptop stolen' }, { publicKey: second.public.text }],
    });
    await keysRevoke(first.public.text, { ...by, reason: 'found, but copied' }, world());
    expect(read()).toMatchObject({ serial: 3, revoked: [{}, { reason: 'found, but copied' }] });
  });

  it('extends no list that the root key did not sign, but goes on under a new root key', async () => {
    const keys = folder();
    await createKey(keys, 'root');
    const { publicFile } = await createKey(keys, 'k');
    const other = await createKey(keys, 'other');
    const by = { site: 'CON', in: keys };
    await keysRevoke(publicFile, { ...by, root: path.join(keys, 'root.pem') }, world());
    const before = readFileSync(path.join(keys, 'revocations.json'));
    const next = { ...by, root: path.join(keys, 'other.pem') };
    await expect(keysRevoke(publicFile, next, world())).rejects.toMatchObject({ code: 'TRUST-02' });
    await expect(
      keysRevoke(publicFile, { ...by, root: path.join(keys, 'root.pem'), site: 'FAB' }, world()),
    ).rejects.toMatchObject({ code: 'TRUST-11' });
    expect(readFileSync(path.join(keys, 'revocations.json'))).toEqual(before);
    await keysRevoke(publicFile, { ...next, formerRoot: path.join(keys, 'root.pub') }, world());
    const list = readFileSync(path.join(keys, 'revocations.json'));
    expect(readRevocations(list, { roots: [other.public], site: 'CON', subject: 'list' }).serial).toBe(2);
  });

  it('signs by the root key alone that the site names, or the one that follows it', async () => {
    const { site, keys } = await layKeySite({ root: 'root' });
    const { publicFile } = await createKey(keys, 'k');
    const root = await createKey(keys, 'root');
    await createKey(keys, 'policy');
    await createKey(keys, 'next');
    const by = { site, root: path.join(keys, 'policy.pem') };
    await expect(keysRevoke(publicFile, by, world())).rejects.toMatchObject({
      code: 'USAGE-11',
      detail: { expected: expect.stringContaining(root.public.id) },
    });
    expect(existsSync(path.join(keys, 'revocations.json'))).toBe(false);
    await keysRevoke(publicFile, { ...by, root: path.join(keys, 'root.pem') }, world());
    const next = { ...by, root: path.join(keys, 'next.pem'), formerRoot: root.publicFile };
    expect(await keysRevoke(publicFile, next, world())).toBe(0);
  });

  it('says that nobody minds a list whose root key the site does not name', async () => {
    const { site, keys } = await layKeySite({});
    const { publicFile } = await createKey(keys, 'k');
    await createKey(keys, 'root');
    const at = world();
    await keysRevoke(publicFile, { site, root: path.join(keys, 'root.pem') }, at);
    expect(at.printed.join('\n')).toContain('name this root key in site.yaml (keys.root)');
  });

  it('refuses the root key itself, and a key that nobody knows', async () => {
    const keys = folder();
    await createKey(keys, 'root');
    const by = { root: path.join(keys, 'root.pem'), site: 'CON', in: keys };
    await expect(keysRevoke(path.join(keys, 'root.pub'), by, world())).rejects.toMatchObject({
      code: 'USAGE-01',
    });
    await expect(keysRevoke('0123456789abcdef', by, world())).rejects.toMatchObject({ code: 'USAGE-05' });
    await expect(keysRevoke('nothing.pub', by, world())).rejects.toMatchObject({ code: 'USAGE-05' });
  });
});
