import { expect, it } from 'vitest';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { asFault } from '../../agent/fault/fault.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import {
  type Revocations,
  readRevocations,
  requireUnrevoked,
  signRevocations,
} from '../../agent/trust/revocations.ts';
import { signDetached } from '../../agent/trust/signature.ts';

const root = newKeyPair();
const stolen = newKeyPair();
const list: Revocations = {
  format: 'prestage-revocations/1',
  site: 'CON',
  serial: 3,
  created: '2026-03-01T00:00:00Z',
  revoked: [
    {
      keyId: stolen.public.id,
      publicKey: stolen.public.text,
      since: '2026-03-01T00:00:00Z',
      reason: 'laptop stolen',
    },
  ],
};
const expected = { roots: [root.public], site: 'CON', subject: 'revocations.json' };

function codeOf(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    return asFault(thrown).code;
  }
  return 'nothing was thrown';
}

it('reads back the list that a pinned root key signed', () => {
  expect(readRevocations(signRevocations(list, root), expected)).toEqual(list);
});

it('believes no other key, no other site, no changed list and nothing signed as another kind', () => {
  const bytes = Buffer.from(signRevocations(list, root));
  expect(codeOf(() => readRevocations(signRevocations(list, stolen), expected))).toBe('TRUST-02');
  expect(codeOf(() => readRevocations(bytes, { ...expected, roots: [] }))).toBe('TRUST-02');
  expect(codeOf(() => readRevocations(bytes, { ...expected, site: 'FAB' }))).toBe('TRUST-11');
  const changed = Buffer.from(bytes.toString().replace('\\"serial\\":3', '\\"serial\\":4'));
  expect(codeOf(() => readRevocations(changed, expected))).toBe('TRUST-02');
  const text = JSON.stringify(list);
  const signature: unknown = JSON.parse(
    Buffer.from(signDetached('policy', Buffer.from(text), root)).toString(),
  );
  const asPolicy = encodeJson({ format: 'prestage-signed-revocations/1', list: text, signature });
  expect(codeOf(() => readRevocations(asPolicy, expected))).toBe('TRUST-02');
});

it('refuses what is larger than its cap before it is parsed, and what is no list', () => {
  expect(codeOf(() => readRevocations(Buffer.alloc(256 * 1024 + 1, 0x20), expected))).toBe('TRUST-08');
  expect(codeOf(() => readRevocations(Buffer.from('{}'), expected))).toBe('TRUST-10');
});

it('will not sign a list that no reader would take', () => {
  const entry = list.revoked[0];
  if (entry === undefined) throw new Error('the list has an entry');
  const long = { ...list, revoked: Array(256).fill({ ...entry, reason: 'ü'.repeat(1024) }) };
  expect(codeOf(() => signRevocations(long, root))).toBe('TRUST-08');
});

it('names since when and why a key is revoked, and lets every other pass', () => {
  try {
    requireUnrevoked('media.json', stolen.public, list);
    throw new Error('nothing was thrown');
  } catch (thrown) {
    expect(asFault(thrown)).toMatchObject({
      code: 'TRUST-13',
      subject: 'media.json',
      detail: {
        found: `key ${stolen.public.id}, revoked since 2026-03-01T00:00:00Z`,
        reason: 'laptop stolen',
        list: 'serial 3 of site CON',
      },
    });
  }
  requireUnrevoked('media.json', root.public, list);
  requireUnrevoked('media.json', stolen.public, undefined);
});
