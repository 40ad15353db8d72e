// Media with a password at the computer: asked for, opened, left for the new Windows as a key, and gone at the end.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Composition } from '../../agent/commands/composition.ts';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { type LockedContext, unlockMedia } from '../../agent/commands/deployment/media-secrets.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import type { Terminal } from '../../agent/console/menu.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { sealWithPassword } from '../../agent/trust/password-box.ts';
import { mediaManifest } from '../support/signed-documents.ts';
import { layTree } from '../support/site-kit.ts';
import { MEDIA_PASSWORD, makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('media-password');
const SECRET = 'geheim-Adm1n';
const MACHINE_KEY = Buffer.alloc(32, 5).toString('base64');
let site: SmallSite;
let passwordFile: string;

beforeAll(async () => {
  site = await makeSmallSite(folder, {
    differences: {
      'keys/machine.key': `${MACHINE_KEY}\n`,
      'machines.yaml': [{ serial: 'KNOWN-1', name: 'PC-KNOWN' }],
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        steps: [
          { step: 'apply-os-image' },
          { step: 'set-up-boot' },
          { step: 'run-command', command: 'show.exe %Pin%' },
        ],
      },
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        password: true,
        variables: { OSDLocalAdminPassword: SECRET, Pin: 'geheim-4711', Depot: 'Graz' },
        secret: ['pin'],
        allowOffline: true,
      },
    },
  });
  passwordFile = path.join(folder, 'password.txt');
  writeFileSync(passwordFile, `${MEDIA_PASSWORD}\r\n`);
});
afterAll(() => site?.close());

async function disk(name: string): Promise<string> {
  const place = path.join(folder, name);
  await site.layDisk(place);
  layTree(place, { 'machine.json': JSON.stringify({ facts: { serial: 'KNOWN-1' } }) });
  return place;
}

const keyIn = (place: string): string =>
  path.join(place, 'volumes/windows/_SMSTaskSequence/Prestage/agent/media.key');

describe('media with a password', () => {
  it('is deployed with it, and goes on in the new Windows, where nobody types', async () => {
    const place = await disk('whole');
    const winpe = testComposition(site);
    expect(await deploy({ disk: place, config: site.config, json: true, passwordFile }, winpe)).toBe(3);
    const unattend = readFileSync(path.join(place, 'volumes/windows/Windows/Panther/unattend.xml'), 'utf8');
    expect(unattend).toContain('<ComputerName>PC-KNOWN</ComputerName>');
    expect(unattend).toContain(Buffer.from(`${SECRET}AdministratorPassword`, 'utf16le').toString('base64'));
    const media = readFileSync(
      path.join(place, 'volumes/windows/_SMSTaskSequence/Prestage/media.json'),
      'utf8',
    );
    for (const hidden of [SECRET, 'geheim-4711', MEDIA_PASSWORD, 'machineKey'])
      expect(media).not.toContain(hidden);
    const key = readFileSync(keyIn(place), 'utf8').trim();
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    expect(winpe.redact(`with ${key}`)).not.toContain(key);

    const fullOs = testComposition(site);
    expect(await continueDeployment({ disk: place, config: site.config, json: true }, fullOs)).toBe(0);
    expect(existsSync(keyIn(place))).toBe(false);
    // The machine of this test is given no redactor: what reached it can be seen.
    expect(readFileSync(path.join(place, 'commands.ndjson'), 'utf8')).toContain('show.exe geheim-4711');
  });

  it('is planned with it; a kept cache holds no key', async () => {
    const place = await disk('kept');
    layTree(place, {});
    const planned = testComposition(site);
    expect(await showPlan({ disk: place, config: site.config, passwordFile }, planned)).toBe(0);
    expect(planned.printed.join('\n')).toContain('PC-KNOWN');
    expect(existsSync(keyIn(place))).toBe(false);
  });

  it('is not gone on with in the new Windows when its key is absent', async () => {
    const place = await disk('no-key');
    const options = { disk: place, config: site.config, json: true };
    expect(await deploy({ ...options, passwordFile }, testComposition(site))).toBe(3);
    rmSync(keyIn(place));
    expect(await faultOf(continueDeployment(options, testComposition(site)))).toMatchObject({
      code: 'TRUST-15',
      subject: 'media "depot"',
    });
  });

  it('changes nothing when there is nobody to ask, or the password is wrong', async () => {
    const place = await disk('refused');
    const options = { disk: place, config: site.config };
    expect(await faultOf(deploy(options, testComposition(site)))).toMatchObject({
      code: 'USAGE-17',
      subject: 'Password of media "depot"',
    });
    const environment = { PRESTAGE_MEDIA_PASSWORD: 'another one' };
    expect(await faultOf(deploy(options, { ...testComposition(site), environment }))).toMatchObject({
      code: 'TRUST-14',
    });
    expect(existsSync(path.join(place, 'volumes/windows/Windows'))).toBe(false);
  });
});

describe('a password that is typed', () => {
  const box = sealWithPassword(
    encodeJson({
      format: 'prestage-media-secrets/1',
      variables: { Pin: 'geheim-4711' },
      machineKey: MACHINE_KEY,
    }),
    'right one',
    randomBytes,
    { logN: 14, r: 8, p: 1 },
  );

  /** Somebody who answers each question with the next line. `whileWaiting`: a key that is pressed while nothing is asked. */
  function answering(lines: string[], whileWaiting?: string): Terminal & { readonly written: string[] } {
    const written: string[] = [];
    let asked = false;
    return {
      columns: 80,
      written,
      write(text) {
        written.push(text);
        asked = text.endsWith(': ');
      },
      async *keys(signal) {
        const key = asked ? `${lines.shift() ?? ''}\r` : whileWaiting;
        if (key !== undefined) yield key;
        await new Promise<void>(resolve => {
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve());
        });
      },
    };
  }

  async function locked(terminal: Terminal) {
    const waited: number[] = [];
    const events: ProgressEvent[] = [];
    const learned: string[] = [];
    const composition: LockedContext['composition'] = {
      environment: {},
      signal: new AbortController().signal,
      learnSecret: values => void learned.push(...values),
      endProgress: () => {},
      terminal,
      sleep: (async ms => void waited.push(ms)) satisfies Composition['sleep'],
    };
    const manifest = {
      ...mediaManifest('ed25519:none'),
      variables: { Depot: 'Graz' },
      secret: ['Pin'],
      secrets: await box,
    };
    const context: LockedContext = { manifest, composition, observe: event => void events.push(event) };
    return { context, waited, events, learned };
  }

  it('is asked for again when it is wrong, each time later, and then opens what was sealed', async () => {
    const terminal = answering(['wrong', 'wrong too', 'right one']);
    const { context, waited, events, learned } = await locked(terminal);
    const unlocked = await unlockMedia(context, {});
    expect(unlocked.manifest).toMatchObject({
      variables: { Depot: 'Graz', Pin: 'geheim-4711' },
      machineKey: MACHINE_KEY,
    });
    expect(waited).toEqual([1000, 2000]);
    expect(events).toMatchObject([
      { text: expect.stringContaining('(try 1 of 10); the next one in 1 s') },
      { text: expect.stringContaining('(try 2 of 10); the next one in 2 s') },
    ]);
    expect(learned).toEqual(expect.arrayContaining(['right one', 'geheim-4711', MACHINE_KEY]));
    expect(JSON.stringify([events, terminal.written])).not.toMatch(/wrong too|right one|geheim/);
  });

  it('that is wrong ten times is TRUST-14', async () => {
    const { context, waited } = await locked(answering([]));
    expect(await faultOf(unlockMedia(context, {}))).toMatchObject({ code: 'TRUST-14' });
    expect(waited.map(ms => ms / 1000)).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  });

  it('is waited for no longer after Ctrl-C, and nobody is asked whose output is data', async () => {
    const { context } = await locked(answering(['wrong'], '\x03'));
    expect(await faultOf(unlockMedia(context, {}))).toMatchObject({ code: 'STOP-01' });
    expect(await faultOf(unlockMedia(context, { json: true }))).toMatchObject({ code: 'USAGE-17' });
  });
});
