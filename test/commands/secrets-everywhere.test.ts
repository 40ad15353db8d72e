// A secret in every place where one can stand, through a whole deployment by the program itself: then every byte that was made is searched for them.
// The places where one may lie are named one by one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordsKey, stateKey } from '../../agent/trust/machine-key.ts';
import { type Finding, findBelow, type Secrets, secretFinder } from '../support/secret-needles.ts';
import { layTree, noise, SITE } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const MAIN = path.join(import.meta.dirname, '../../agent/main.ts');
const folder = tempFolder('secrets-everywhere');
const at = (...names: readonly string[]): string => path.join(folder, ...names);

const ROOT = new Uint8Array(noise(32, 99));
const ASSOCIATION = '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51';
const BLOB = 'QkxPQi1NQVJLRVItOTk4ODc3NjY1NTQ0MzMyMjEx';

const secrets: Secrets = {
  'secret of a machine': 'mach1ne-Pin-7f3a',
  'join password of a machine': 'j0in-Passw0rd-19c2',
  'domain join blob': BLOB,
  'administrator password of the media': 'adm1n-Passw0rd-5be8',
  'secret variable of the media': 'med1a-T0ken-c04d',
  'secret that the prestart command tells': 't0ld-By-C0mmand-8e61',
  'media password': 'med1a-Passw0rd-2d9f',
  'key passphrase': 'key-Passphr4se-6a17',
  'machine key': ROOT,
  'key of records': recordsKey(ROOT),
  'key of an association': Buffer.from(stateKey(ROOT, ASSOCIATION), 'base64'),
};
const find = secretFinder(secrets);
const findings = (place: string, also = find): readonly Finding[] => findBelow(at(place), also);

interface Ended {
  readonly code: number;
  readonly screen: string;
}

const screens: string[] = [];

/** Runs the program; with `watching`, a place that is searched again and again meanwhile. */
async function prestage(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  watching?: () => void,
): Promise<Ended> {
  const child = start(words, environment);
  const closed = once(child, 'close');
  let screen = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', text => {
      screen += text;
    });
  const timer = watching === undefined ? undefined : setInterval(watching, 250);
  const [code] = await closed;
  clearInterval(timer);
  screens.push(`${words.join(' ')}\n${screen}`);
  return { code: Number(code), screen };
}

function start(words: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [MAIN, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: at('home'), TMPDIR: at('tmp'), ...environment },
  });
}

async function good(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  watching?: () => void,
  expected = 0,
): Promise<void> {
  const { code, screen } = await prestage(words, environment, watching);
  expect(code, `${words.join(' ')}: ${screen}`).toBe(expected);
}

const text = (name: string): string => Buffer.from(secrets[name] ?? '').toString('utf8');
const PASSPHRASE = { PRESTAGE_PASSPHRASE: text('key passphrase') };
const PASSWORD = { PRESTAGE_MEDIA_PASSWORD: text('media password') };
const AT_DISK = ['--disk', 'disk', '--config', 'agent.yaml'];

let server: ChildProcess;

beforeAll(async () => {
  for (const name of ['home', 'tmp', 'point', 'status']) mkdirSync(at(name), { recursive: true });
  server = start(['serve', 'point', '--port', '0', '--status', 'status'], {});
  let said = '';
  server.stderr?.on('data', piece => {
    said += piece;
  });
  server.stdout?.setEncoding('utf8').on('data', piece => {
    said += piece;
  });
  while (!/ at (http:\S+)/.test(said)) await once(server.stdout ?? server, 'data');
  const url = / at (http:\S+)/.exec(said)?.[1] ?? '';
  await writeTree(at('tree'), {
    'Windows/System32/ntoskrnl.exe': noise(300_000, 11),
    'Windows/win.ini': '[fonts]\r\n',
  });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows', properties: ['WINDOWS/ARCH=9'] }]);
  const wim = readFileSync(at('os.wim'));
  layTree(at('site'), {
    ...SITE,
    'content/CON00001/files/install.wim': wim,
    'content/CON00005/files/sources/boot.wim': wim,
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [{ url, priority: 1 }],
      managementPoints: [url],
      keys: { policy: 'policy', media: 'media' },
    },
    'keys/machine.key': `${Buffer.from(ROOT).toString('base64')}\n`,
    'mark.djoin': Buffer.from(`\ufeff${BLOB}\0`, 'utf16le'),
    'machines.yaml': [
      {
        serial: 'MARK-1',
        name: 'PC-MARK',
        variables: { OSDJoinPassword: text('join password of a machine') },
        secret: { Pin: text('secret of a machine') },
        domainJoinBlob: 'mark.djoin',
      },
    ],
    'associations.yaml': [
      {
        id: ASSOCIATION,
        from: { serial: 'MARK-2' },
        to: { serial: 'MARK-3' },
        store: '\\\\srv\\state',
        method: 'files',
      },
    ],
    'task-sequences/CON00020.yaml': {
      name: 'Install Windows',
      osImage: { id: 'CON00001', index: 1 },
      steps: [
        { step: 'run-command', command: 'first.exe %Pin% %Told%' },
        { step: 'set-variable', variable: 'Derived', value: 'x%Pin%x' },
        { step: 'restart', to: 'winpe' },
        { step: 'apply-os-image' },
        { step: 'send-status', message: 'Pin %Pin%, token %Token%, derived %Derived%' },
        { step: 'set-up-boot' },
        { step: 'run-command', command: 'uses.exe %Pin% %Token% %OSDLocalAdminPassword% %Derived%' },
        { step: 'restart', to: 'full-os' },
        { step: 'run-powershell', script: 'param($Pin) exit 0', parameters: '-Pin %Pin%' },
        { step: 'run-command', command: 'fails.exe %Token%', continueOnError: true },
      ],
    },
    'media/depot.yaml': {
      taskSequence: 'CON00020',
      bootImage: 'CON00005',
      createdBy: 'A. Admin',
      password: true,
      variables: {
        OSDLocalAdminPassword: text('administrator password of the media'),
        Token: text('secret variable of the media'),
        Depot: 'Graz',
      },
      secret: ['Token', 'Told'],
      prestart: { command: 'ask.exe %Token%' },
      allowOffline: true,
    },
  });
});
afterAll(() => server?.kill());

describe('no secret can be read', () => {
  test('in what publishing and making media leave behind', async () => {
    for (const name of ['policy', 'media'])
      await good(['keys', 'new', name, '--in', 'site/keys', '--passphrase'], PASSPHRASE);
    await good(['publish', 'site', '--to', 'point'], PASSPHRASE);
    await good(['media', 'create', 'site', 'depot', '--to', 'depot.wim', '--from', 'point', '--json'], {
      ...PASSPHRASE,
      ...PASSWORD,
    });
    expect(findings('point')).toEqual([]);
    for (const beside of ['depot.wim', 'depot.wim.json', 'depot.wim.sig'])
      expect(find(beside, readIfThere(at(beside)))).toEqual([]);
    // The site folder is where an author writes secrets; nothing but what he wrote holds one.
    expect(new Set(findings('site').map(finding => finding.split(':')[0]))).toEqual(
      new Set(['keys/machine.key', 'machines.yaml', 'mark.djoin', 'media/depot.yaml']),
    );
  });

  test('on the disk as it leaves the depot', async () => {
    const key = readFileSync(at('site/keys/media.pub'), 'utf8').trim();
    writeFileSync(at('agent.yaml'), `keys: ["${key}"]\ntransfer: {retryCount: 1, retryDelaySeconds: 0.01}\n`);
    await good(['media', 'apply', 'depot.wim', '--to', 'disk', '--config', 'agent.yaml', '--yes']);
    await good(['media', 'verify', 'disk', '--config', 'agent.yaml']);
    expect(findings('disk')).toEqual([]);
  });

  test('while the computer is deployed, but in what Windows Setup needs', async () => {
    layTree(at('disk'), {
      'machine.json': JSON.stringify({
        facts: { serial: 'MARK-1' },
        // What commands of a rehearsal tell stands in this file: its author wrote it.
        prestart: { Told: text('secret that the prestart command tells') },
      }),
      'exit-codes.json': JSON.stringify({
        [`fails.exe ${text('secret variable of the media')}`]: [1603],
      }),
    });
    await good(['plan', '--why', ...AT_DISK], PASSWORD);
    expect(unexpected([])).toEqual([]);
    const seen = new Set<Finding>();
    const watch = (): void => {
      for (const finding of unexpected(WHILE_RUNNING)) seen.add(finding);
    };
    await good(['deploy', '--no-restart', ...AT_DISK], PASSWORD, watch, 3);
    // Windows PE starts again, and the password is needed again.
    await good(['deploy', '--no-restart', ...AT_DISK], PASSWORD, watch, 3);
    expect([...seen]).toEqual([]);
    // The answer file holds what Windows Setup needs: passwords as it wants them, the blob; until the deployment has ended.
    const answers = 'volumes/windows/Windows/Panther/unattend.xml';
    expect(unexpected([]).filter(finding => !finding.startsWith(`${answers}: `))).toEqual([]);
    expect(unexpected([])).toContain(`${answers}: administrator password of the media, base64 of UTF-16`);
    // The key of this one media's secrets lies once, in a folder that only SYSTEM and administrators can read.
    const held = 'volumes/windows/_SMSTaskSequence/Prestage/agent/media.key';
    const kept = secretFinder({ key: Buffer.from(readFileSync(at('disk', held), 'utf8'), 'base64') });
    expect(findings('disk', kept)).toEqual([`${held}: key, base64 of bytes`]);
  });

  test('in the new Windows, and when all is done', async () => {
    const seen = new Set<Finding>();
    const watch = (): void => {
      for (const finding of unexpected(WHILE_RUNNING)) seen.add(finding);
    };
    const held = secretFinder({
      key: Buffer.from(
        readFileSync(at('disk/volumes/windows/_SMSTaskSequence/Prestage/agent/media.key'), 'utf8'),
        'base64',
      ),
    });
    await good(['continue', '--no-restart', ...AT_DISK], {}, watch, 3);
    await good(['continue', '--no-restart', ...AT_DISK], {}, watch);
    await good(['report', '--disk', 'disk']);
    expect([...seen]).toEqual([]);
    expect(unexpected([])).toEqual([]);
    expect(findings('disk', held)).toEqual([]);
    const commands = readFileSync(at('disk/commands.ndjson'), 'utf8');
    expect(commands).toContain('uses.exe ******** ******** ******** ');
  });

  test('in what was sent, shown, or left in folders for temporary files', () => {
    for (const place of ['status', 'home', 'tmp']) expect(findings(place)).toEqual([]);
    expect(findings('status', secretFinder({ message: 'Pin ****' }))).not.toEqual([]);
    expect(screens.flatMap(screen => find(screen.split('\n')[0] ?? '', Buffer.from(screen)))).toEqual([]);
  });
});

test('the search itself finds every shape', () => {
  const looked = secretFinder({ word: 'geheim-4711', bytes: new Uint8Array([1, 2, 3, 250, 251, 252]) });
  const shapes = [
    Buffer.from('a geheim-4711 b'),
    Buffer.from('geheim-4711', 'utf16le'),
    ...['', 'x', 'xy'].map(lead => Buffer.from(Buffer.from(`${lead}geheim-4711!`).toString('base64'))),
    ...['', 'x', 'xy'].map(lead =>
      Buffer.from(
        Buffer.concat([Buffer.from(lead), Buffer.from([1, 2, 3, 250, 251, 252, 9])]).toString('base64'),
      ),
    ),
    Buffer.from('010203fafbfc'),
  ];
  for (const shape of shapes) expect(looked('here', shape)).toHaveLength(1);
  expect(looked('here', Buffer.from('geheim'))).toEqual([]);
});

/** The answer file, and what a command writes for the agent to read, while it does. */
const WHILE_RUNNING: readonly string[] = [
  'volumes/windows/Windows/Panther/unattend.xml',
  'volumes/windows/_SMSTaskSequence/Prestage/temp/prestart.variables',
  'volumes/windows/_SMSTaskSequence/Prestage/temp/prestart.variables.prestage-new',
];

/** On the disk, but where a person has written it for the rehearsal, and in `allowed`. */
function unexpected(allowed: readonly string[]): readonly Finding[] {
  const own = ['machine.json', 'exit-codes.json', ...allowed];
  return findings('disk').filter(finding => !own.some(name => finding.startsWith(`${name}: `)));
}

function readIfThere(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    return new Uint8Array();
  }
}
