// `prestage init` as it is typed: what it makes publishes, and what it prints as the next commands works when pasted.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { layFiles } from '../../agent/author/new-site/lay-files.ts';
import { makeSite } from '../../agent/author/new-site/make-site.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { type InitOptions, init } from '../../agent/commands/init.ts';
import { wordsOf } from '../shape/examples.ts';
import { authorKit, layTree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('init');
const MAIN = path.resolve(import.meta.dirname, '../../agent/main.ts');
const at = (...names: readonly string[]): string => path.join(folder, ...names);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function prestage(...words: readonly string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, ...words], { cwd: folder }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Every file below, sorted, with `/`. */
function filesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .toSorted();
}

/** The commands that are printed below `Next:`. */
function nextOf(stdout: string): readonly string[] {
  return (stdout.split('\nNext:\n')[1] ?? '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
}

/** What the schema that a document names says against it. */
function judgedBySchema(root: string, file: string): readonly string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  const found = path.resolve(path.dirname(path.join(root, file)), schema);
  const judge = z.fromJSONSchema(JSON.parse(readFileSync(found, 'utf8')));
  const judged = judge.safeParse(parse(text));
  return judged.success
    ? []
    : judged.error.issues.map(issue => `${file} ${issue.path.join('.')}: ${issue.message}`);
}

beforeAll(async () => {
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  await captureWim(at('install.wim'), [
    { folder: at('tree'), name: 'Windows Home' },
    { folder: at('tree'), name: 'Windows Pro' },
  ]);
  layTree(at('pe'), {
    'EFI/BOOT/BOOTX64.EFI': 'boot manager',
    'sources/boot.wim': readFileSync(at('install.wim')),
  });
});

describe('prestage init', () => {
  it('makes a site that publishes as it is, with examples of what needs an OS image', async () => {
    const made = await prestage('init', 'plain', '--json');
    expect(made.code).toBe(0);
    const files = filesIn(at('plain'));
    expect(JSON.parse(made.stdout)).toMatchObject({
      format: 'prestage-init/1',
      site: 'CON',
      keys: ['policy', 'media', 'machine'],
      hasMedia: false,
      files: expect.arrayContaining(files.filter(file => !file.startsWith('keys/'))),
      next: ['prestage publish plain --to plain-dp'],
    });
    expect(files).toEqual(
      expect.arrayContaining([
        'deployments.yaml.example',
        'media/depot.yaml.example',
        'task-sequences/CON00020.yaml.example',
      ]),
    );
    for (const key of ['policy.pem', 'media.pem', 'machine.key'])
      expect(statSync(at('plain/keys', key)).mode & 0o777).toBe(0o600);
    const ignored = readFileSync(at('plain/.gitignore'), 'utf8');
    for (const pattern of ['keys/*.pem', 'keys/*.key', '.prestage/'])
      expect(ignored).toContain(`\n${pattern}\n`);
    expect(readFileSync(at('plain/agent.yaml'), 'utf8')).toContain(
      readFileSync(at('plain/keys/media.pub'), 'utf8').trim(),
    );

    const published = await prestage(...wordsOf('publish plain --to plain-dp'));
    expect(published).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Policy 1 of site CON is current'),
    });
    expect(published.stderr).toContain('Warning: The site has no task sequence');
  });

  it('names a schema in each document, examples included, and the schema takes the document', async () => {
    const documents = filesIn(at('plain')).filter(file => /\.yaml(\.example)?$/.test(file));
    expect(documents.length).toBe(9);
    expect(documents.flatMap(file => judgedBySchema(at('plain'), file))).toEqual([]);
  });

  it('makes task sequence, deployment and media real with an OS image, and what it prints works when pasted', async () => {
    const made = await prestage(
      ...['init', 'my site', '--site', '007', '--name', 'Contoso: "Graz" #1', '--url', 'https://dp1/p'],
      ...['--os-image', 'install.wim', '--index', '2', '--boot-image', 'pe'],
    );
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('Making the site') });
    expect(filesIn(at('my site')).filter(file => file.endsWith('.example'))).toEqual([]);
    expect(await readSite(at('my site'))).toMatchObject({
      site: '007',
      name: 'Contoso: "Graz" #1',
      distributionPoints: [{ url: 'https://dp1/p', priority: 1 }],
      taskSequences: [
        {
          id: '00700020',
          osImage: { id: '00700001', index: 2 },
          packages: ['00700010'],
          applications: ['00700011'],
        },
      ],
      deployments: [{ taskSequence: '00700020', purpose: 'required', makeAvailableTo: 'media-pxe' }],
      media: [{ name: 'depot', bootImage: '00700002' }],
    });
    expect(readFileSync(at('my site/task-sequences/00700020.yaml'), 'utf8')).toContain('#   2  Windows Pro');
    // A second name, not a copy: images have many gigabytes.
    expect(statSync(at('my site/content/00700001/files/install.wim')).ino).toBe(
      statSync(at('install.wim')).ino,
    );
    const documents = filesIn(at('my site')).filter(file => file.endsWith('.yaml'));
    expect(documents.flatMap(file => judgedBySchema(at('my site'), file))).toEqual([]);

    const next = nextOf(made.stdout);
    expect(next.map(line => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'prestage publish "my',
      'prestage media create',
      'prestage media apply',
      'prestage media verify',
    ]);
    for (const line of next) {
      const [, ...words] = wordsOf(line);
      const ended = await prestage(...words);
      expect(ended, `${line}\n${ended.stderr}`).toMatchObject({ code: 0 });
    }
  });

  it('adds images to a site that is there, and refers to what that site has', async () => {
    expect((await prestage('init', 'later', '--site', 'GRZ')).code).toBe(0);
    rmSync(at('later/content/GRZ00011'), { recursive: true });
    const refused = await prestage('init', 'later', '--os-image', 'install.wim', '--site', 'CON');
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the site is there, GRZ Contoso'),
    });
    const added = await prestage('init', 'later', '--os-image', 'install.wim', '--json');
    expect(JSON.parse(added.stdout)).toMatchObject({
      site: 'GRZ',
      keys: [],
      files: [
        'content/GRZ00001/files/install.wim',
        'content/GRZ00001/content.yaml',
        'task-sequences/GRZ00020.yaml',
        'media/depot.yaml',
        'deployments.yaml',
      ],
    });
    const site = await readSite(at('later'));
    expect(site.taskSequences[0]).toMatchObject({ packages: ['GRZ00010'], applications: [] });
    const boot = await prestage('init', 'later', '--boot-image', 'pe', '--json');
    expect(JSON.parse(boot.stdout)).toMatchObject({ hasMedia: true, hasBootImage: true });
    expect((await readSite(at('later'))).content.map(({ id }) => id)).toContain('GRZ00002');
  });

  it('changes nothing that is there, and tells every name that is taken', async () => {
    layTree(at('taken'), {
      'README.md': 'ours',
      'site.yaml': 'ours',
      '.gitignore': 'ours',
      'content/CON00010': 'a file in place of a folder',
      'agent.yaml': 'keys: []',
    });
    const before = filesIn(at('taken'));
    const other = await faultOf(makeSite({ folder: at('taken'), makeKeys: true }, authorKit()));
    expect(other).toMatchObject({ code: 'USAGE-09' });
    rmSync(at('taken/content'), { recursive: true });
    const ended = await prestage('init', 'taken', '--json');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('USAGE-09');
    for (const name of ['.gitignore', 'site.yaml', 'agent.yaml'])
      expect(ended.stderr).toContain(`    ${name}\n`);
    expect(ended.stderr).not.toContain('README.md');
    expect(filesIn(at('taken'))).toEqual(before.filter(file => !file.startsWith('content/')));

    layTree(at('own'), { 'README.md': 'ours' });
    expect((await prestage('init', 'own', '--no-keys')).stdout).toContain(
      '  prestage keys new policy --in own/keys\n',
    );
    expect(existsSync(at('own/keys'))).toBe(false);
    expect(existsSync(at('own/agent.yaml'))).toBe(false);
    expect(readFileSync(at('own/README.md'), 'utf8')).toBe('ours');
  });

  it('writes the schemas of this version into a site that is there, and nothing else', async () => {
    layTree(at('old'), { 'site.yaml': 'ours', 'schemas/site.json': 'stale', 'schemas/mine.json': 'ours' });
    expect(await prestage('init', 'old', '--schemas')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('schemas/site.json'),
    });
    expect(JSON.parse(readFileSync(at('old/schemas/site.json'), 'utf8'))).toHaveProperty('$schema');
    expect(readFileSync(at('old/site.yaml'), 'utf8')).toBe('ours');
    expect(readFileSync(at('old/schemas/mine.json'), 'utf8')).toBe('ours');
    expect(await prestage('init', 'nowhere', '--schemas')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('USAGE-03'),
    });
  });

  it.each<[InitOptions, string, string]>([
    [{ site: 'contoso' }, 'USAGE-01', 'a site code of three letters or digits'],
    [{ url: 'dp' }, 'USAGE-01', 'a URL'],
    [{ index: '2' }, 'USAGE-01', '--os-image with it'],
    [{ osImage: at('install.wim'), index: 'x' }, 'USAGE-01', 'a number from 1'],
    [{ osImage: at('install.wim'), index: '3' }, 'IMAGE-03', '2 Windows Pro'],
    [{ osImage: at('nowhere.wim') }, 'USAGE-08', 'nowhere.wim'],
    [{ osImage: at('install.esd') }, 'USAGE-08', 'dism /Export-Image'],
    [{ osImage: at('tree/Windows/a.txt') }, 'IMAGE-01', 'a.txt'],
    [{ bootImage: at('tree') }, 'USAGE-08', 'sources/boot.wim'],
    [{ bootImage: at('nowhere') }, 'USAGE-08', 'nowhere'],
  ])('refuses %j before anything is written', async (options, code, says) => {
    writeFileSync(at('install.esd'), readFileSync(at('install.wim')));
    const composition = {
      ...authorKit(),
      signal: new AbortController().signal,
      print: () => {},
      endProgress: () => {},
    };
    const fault = await faultOf(init(at('refused'), options, composition));
    expect(fault.code).toBe(code);
    expect(`${fault.subject} ${JSON.stringify(fault.detail)}`).toContain(says);
    expect(existsSync(at('refused'))).toBe(false);
  });
});

describe('making a site', () => {
  it('leaves no half site when it is cut, and the next run completes it', async () => {
    // In memory: each of some forty writes is cut, and flushes.
    const memory = mkdtempSync('/dev/shm/prestage-init-');
    onTestFinished(() => rmSync(memory, { recursive: true }));
    cpSync(at('pe'), path.join(memory, 'pe'), { recursive: true });
    cpSync(at('install.wim'), path.join(memory, 'install.wim'));
    const request = (root: string) => ({
      folder: root,
      osImage: { wim: path.join(memory, 'install.wim'), index: 1 },
      bootImage: path.join(memory, 'pe'),
      makeKeys: true,
    });
    await makeSite(request(path.join(memory, 'whole')), authorKit());
    const whole = filesIn(path.join(memory, 'whole'));
    let cuts = 0;
    for (let left = 0; ; left += 1) {
      const root = path.join(memory, String(left));
      const world = authorKit();
      let writes = left;
      const cutting =
        <A extends readonly unknown[], R>(write: (...words: A) => Promise<R>) =>
        async (...words: A): Promise<R> => {
          if (writes === 0) throw new Error('the plug is pulled');
          writes -= 1;
          return await write(...words);
        };
      const { durable } = world;
      const cut = {
        ...durable,
        replaceFile: cutting(durable.replaceFile),
        linkOrCopy: cutting(durable.linkOrCopy),
        makeFolder: cutting(durable.makeFolder),
      };
      const ended = await makeSite(request(root), { ...world, durable: cut }).then(
        () => 'whole',
        () => 'cut',
      );
      if (ended === 'whole') break;
      cuts += 1;
      expect(existsSync(path.join(root, 'site.yaml'))).toBe(false);
      await makeSite(request(root), authorKit());
      expect(filesIn(root)).toEqual(whole);
      await readSite(root);
    }
    expect(cuts).toBeGreaterThan(40);
  });

  it('copies an image from another disk with its progress, whole under its name or not at all', async () => {
    const elsewhere = mkdtempSync('/dev/shm/prestage-init-');
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    expect(statSync(elsewhere).dev).not.toBe(statSync(folder).dev);
    const from = path.join(elsewhere, 'big.wim');
    writeFileSync(from, Buffer.alloc(9 * 1024 * 1024, 7));
    const file = { from, to: at('copied/big.wim'), size: statSync(from).size };
    const world = authorKit();
    const stopped = await faultOf(layFiles([file], 'big.wim', { ...world, signal: AbortSignal.abort() }));
    expect(stopped.code).toBe('STOP-01');
    expect(existsSync(file.to)).toBe(false);
    await layFiles([file], 'big.wim', world);
    expect(readFileSync(file.to).equals(readFileSync(from))).toBe(true);
    expect(readdirSync(at('copied'))).toEqual(['big.wim']);
    const done = world.events.flatMap(event => (event.kind === 'advanced' ? [event.doneBytes] : []));
    expect(done).toEqual([4, 8, 9].map(each => each * 1024 * 1024));
  });
});
