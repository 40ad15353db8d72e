import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  keyOfPassword,
  openWithKey,
  openWithPassword,
  type PasswordBox,
  passwordBoxSchema,
  sealWithPassword,
} from '../../agent/trust/password-box.ts';
import { faultOf } from '../support/sources.ts';

const PLAIN = Buffer.from('{"OSDJoinPassword":"hunter2"}');
const seal = (password: string) => sealWithPassword(PLAIN, password, randomBytes);
let one: PasswordBox;
beforeAll(async () => {
  one = await seal('Schl\u00fcssel zum Glück');
});

/** `text` with its first byte changed. */
function flipped(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes.toString('base64');
}

describe('a box', () => {
  test('opens with its password, also typed on a keyboard that writes letters in two parts', async () => {
    const box = passwordBoxSchema.parse(JSON.parse(JSON.stringify(one)));
    expect(box).toMatchObject({ logN: 17, r: 8, p: 1 });
    expect(Buffer.from(await openWithPassword(box, 'Schlu\u0308ssel zum Glück'))).toEqual(PLAIN);
    expect(JSON.stringify(box)).not.toContain('hunter2');
  });

  test('tells a wrong password from damage', async () => {
    expect(await faultOf(openWithPassword(one, 'schlüssel zum Glück', 'media "depot"'))).toMatchObject({
      code: 'TRUST-14',
      subject: 'media "depot"',
    });
    const damaged: PasswordBox = { ...one, box: flipped(one.box) };
    expect(await faultOf(openWithPassword(damaged, 'Schlüssel zum Glück'))).toMatchObject({
      code: 'TRUST-15',
    });
    const key = await keyOfPassword(one, 'Schlüssel zum Glück');
    for (const change of [{ box: 'AAAA' }, { box: '' }, { nonce: flipped(one.nonce) }]) {
      const opened = Promise.resolve().then(() => openWithKey({ ...one, ...change }, key));
      expect(await faultOf(opened)).toMatchObject({ code: 'TRUST-15' });
    }
  });

  test('opens with its own key, which no other box has, though the password is the same', async () => {
    const other = await seal('Schlüssel zum Glück');
    const key = await keyOfPassword(one, 'Schlüssel zum Glück');
    expect(Buffer.from(openWithKey(one, key))).toEqual(PLAIN);
    expect(await faultOf(Promise.resolve().then(() => openWithKey(other, key)))).toMatchObject({
      code: 'TRUST-15',
    });
    // What lies beside it is bound to it.
    expect(
      await faultOf(Promise.resolve().then(() => openWithKey({ ...one, check: other.check }, key))),
    ).toMatchObject({ code: 'TRUST-15' });
  });

  test.each([
    ['a cost that would take all memory', { logN: 24 }],
    ['a cost that protects nothing', { logN: 1 }],
    ['a short salt', { salt: 'AAAA' }],
    ['a box of megabytes', { box: 'A'.repeat(2 * 1024 * 1024) }],
  ])('with %s is not read', (_, change) => {
    const box = { ...one, ...change };
    expect(passwordBoxSchema.safeParse(box).success).toBe(false);
  });
});
