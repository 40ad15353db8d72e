// Management points of which one sends junk in place of its pointer: the others are asked as if it had not answered.
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { obtainPolicy } from '../../agent/commands/deployment/obtain-policy.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import type { MediaManifest } from '../../agent/media/media-manifest.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { KnownRevocations } from '../../agent/trust/known-revocations.ts';
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts';
import type { Misbehaviour } from '../support/misbehaviour.ts';
import { mediaManifest, policy, signed } from '../support/signed-documents.ts';
import { layTree } from '../support/site-kit.ts';
import { faultOf, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const POINTER = 'policy/current.json';
const folder = tempFolder('obtain-policy');
const pair = newKeyPair();
const files = new Map<string, Uint8Array>();
let first: MisbehavingServer;
let second: MisbehavingServer;
let firstDoes: Misbehaviour | undefined;
let secondDoes: Misbehaviour | undefined;
let warnings: string[] = [];

beforeAll(async () => {
  const { bytes, signature } = signed('policy', policy(), pair);
  files.set(POINTER, encodeJson({ format: 'prestage-policy-pointer/1', serial: 5 }));
  files.set('policy/5/policy.json', bytes);
  files.set('policy/5/policy.json.sig', signature);
  first = await startMisbehavingServer({
    files,
    behave: ({ path }) => (path === POINTER ? firstDoes : undefined),
  });
  second = await startMisbehavingServer({ files, behave: () => secondDoes });
});
afterAll(async () => {
  await first?.close();
  await second?.close();
});
beforeEach(() => {
  firstDoes = undefined;
  secondDoes = undefined;
  warnings = [];
});

const obtain = (differences: Partial<MediaManifest> = {}) =>
  obtainPolicy({
    media: mediaManifest(pair.public.text, differences),
    layout: cacheLayout(folder),
    managementPoints: [openTestSource(first.url), openTestSource(second.url)],
    acceptedSerial: 0,
    clock: new Date('2026-04-01T00:00:00Z'),
    revocations: new KnownRevocations([], 'CON'),
    observe: event => {
      if (event.kind === 'note' && event.level === 'warning') warnings.push(event.text);
    },
  });

describe.each<[string, Misbehaviour]>([
  ['nothing', { kind: 'truncate', toBytes: 0 }],
  ['one wrong bit', { kind: 'corrupt', offset: 0 }],
  ['more than a pointer can be', { kind: 'chunked', surplus: 5000 }],
])('a management point that sends %s in place of the pointer', (_, junk) => {
  beforeEach(() => {
    firstDoes = junk;
  });

  it('is passed over for the next, with a warning', async () => {
    expect(await obtain()).toMatchObject({ from: second.url, policy: { serial: 5 } });
    const [warning, ...more] = warnings;
    expect(more).toEqual([]);
    expect(warning).toContain(`${first.url}: NET-07 Wrong bytes: ${POINTER} (`);
    expect(warning).toContain('expected ');
  });

  it('does not hide what the next one did', async () => {
    secondDoes = { kind: 'status', status: 503 };
    expect((await faultOf(obtain())).code).toBe('NET-04');
  });

  it('keeps nobody from following the policy on the media where that is allowed', async () => {
    secondDoes = junk;
    const { bytes, signature } = signed('policy', policy(), pair);
    const layout = cacheLayout(folder);
    layTree(layout.root, {
      [path.relative(layout.root, layout.policy)]: bytes,
      [path.relative(layout.root, layout.policySignature)]: signature,
    });
    expect(await obtain({ allowOffline: true })).toMatchObject({ from: 'media', policy: { serial: 5 } });
    expect((await faultOf(obtain())).code).toBe('NET-07');
  });
});

it('a management point that serves a forged policy stays a matter of trust, whatever the next one sends', async () => {
  const { bytes } = signed('policy', policy({ serial: 6 }), pair);
  const good = files.get('policy/5/policy.json');
  files.set('policy/5/policy.json', bytes);
  secondDoes = { kind: 'truncate', toBytes: 0 };
  const fault = await faultOf(obtain());
  if (good !== undefined) files.set('policy/5/policy.json', good);
  expect(fault.code).toBe('TRUST-02');
});
