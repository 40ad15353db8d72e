import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { asFault } from '../../agent/fault/fault.ts';
import { decodeAgentConfig } from '../../agent/trust/agent-config.ts';
import { newKeyPair, privateKey, publicKey, publicKeyText } from '../../agent/trust/keys.ts';
import { signDetached, verifyDetached } from '../../agent/trust/signature.ts';
import {
  betterClock,
  boundedTime,
  checkMediaValidity,
  checkPolicyExpiry,
} from '../../agent/trust/validity.ts';

function faultOf(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was thrown');
}

describe('keys', () => {
  // RFC 8032 section 7.1, TEST 1: the public key is of 32 raw bytes.
  const rfc = `ed25519:${Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex').toString('base64')}`;

  it('verifies the first test vector of RFC 8032 with a key given as text', async () => {
    const { verify } = await import('node:crypto');
    const signature = Buffer.from(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      'hex',
    );
    expect(verify(null, Buffer.alloc(0), publicKey(rfc).key, signature)).toBe(true);
  });

  it('reads back a pair that it made', () => {
    const pair = newKeyPair();
    const read = privateKey(pair.pem, 'key.pem');
    expect(read.public.text).toBe(pair.public.text);
    expect(publicKey(pair.public.text).id).toBe(pair.public.id);
    expect(pair.public.id).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each(['ed25519:', 'ed25519:AAAA', rfc.replace('ed25519', 'rsa'), `${rfc}\n`, ` ${rfc}`])(
    'refuses the public key text %j',
    text => {
      expect(publicKeyText.safeParse(text).success).toBe(false);
      expect(faultOf(() => publicKey(text)).code).toBe('USAGE-11');
    },
  );

  it('refuses a private key that is damaged or of another kind', () => {
    expect(
      faultOf(() => privateKey('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'k.pem')),
    ).toMatchObject({ code: 'USAGE-11', subject: 'k.pem' });
    const other = generateKeyPairSync('x25519')
      .privateKey.export({ format: 'pem', type: 'pkcs8' })
      .toString();
    expect(faultOf(() => privateKey(other, 'k.pem')).detail).toMatchObject({ found: 'x25519' });
  });
});

describe('detached signatures', () => {
  const pair = newKeyPair();
  const stranger = newKeyPair();
  const bytes = Buffer.from('{"format":"prestage-media/1"}');
  const good = {
    domain: 'media',
    subject: 'media.json',
    bytes,
    signature: signDetached('media', bytes, pair),
    keys: [stranger.public, pair.public],
  } as const;

  it('answers which key vouches', () => {
    expect(verifyDetached(good).id).toBe(pair.public.id);
  });

  it('refuses a document without a signature as TRUST-01', () => {
    expect(faultOf(() => verifyDetached({ ...good, signature: undefined }))).toMatchObject({
      code: 'TRUST-01',
      subject: 'media.json',
    });
  });

  it('refuses every single flipped bit of the document', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(faultOf(() => verifyDetached({ ...good, bytes: altered })).code).toBe('TRUST-02');
    }
  });

  it('refuses a signature for another kind of document over the same bytes', () => {
    const signature = signDetached('policy', bytes, pair);
    expect(faultOf(() => verifyDetached({ ...good, signature })).code).toBe('TRUST-02');
    const relabelled = Buffer.from(Buffer.from(signature).toString().replace('"policy"', '"media"'));
    expect(faultOf(() => verifyDetached({ ...good, signature: relabelled })).code).toBe('TRUST-02');
  });

  it('refuses a key that is not pinned and shows which are', () => {
    const fault = faultOf(() => verifyDetached({ ...good, keys: [stranger.public] }));
    expect(fault).toMatchObject({
      code: 'TRUST-02',
      detail: {
        expected: expect.stringContaining(stranger.public.id),
        found: expect.stringContaining(pair.public.id),
      },
    });
    expect(faultOf(() => verifyDetached({ ...good, keys: [] })).detail.expected).toContain('none is pinned');
  });

  it('refuses a signature that claims a pinned key but was made by another', () => {
    const forged = Buffer.from(
      Buffer.from(signDetached('media', bytes, stranger))
        .toString()
        .replace(stranger.public.id, pair.public.id),
    );
    expect(faultOf(() => verifyDetached({ ...good, signature: forged })).code).toBe('TRUST-02');
  });

  it('refuses a signature over the bare bytes, without their kind', () => {
    const signature = encodeJson({
      format: 'prestage-signature/1',
      domain: 'media',
      keyId: pair.public.id,
      signature: sign(null, bytes, pair.key).toString('base64'),
    });
    expect(faultOf(() => verifyDetached({ ...good, signature })).code).toBe('TRUST-02');
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['HTML', Buffer.from('<html>')],
    ['larger than 4 KiB', Buffer.alloc(4097, 0x20)],
    ['of another format', encodeJson({ format: 'prestage-signature/2' })],
    ['carrying more fields', Buffer.from(Buffer.from(good.signature).toString().replace('{', '{"extra":1,'))],
  ])('refuses a signature file that is %s', (_, signature) => {
    expect(faultOf(() => verifyDetached({ ...good, signature })).code).toBe('TRUST-02');
  });
});

describe('validity', () => {
  const window = { validFrom: '2026-03-01T00:00:00Z', validUntil: '2026-04-01T00:00:00Z' };
  const at = (time: string, created: readonly string[] = []) => boundedTime(new Date(time), created);

  it('accepts both ends of the window', () => {
    expect(() => checkMediaValidity('depot', window, at(window.validFrom))).not.toThrow();
    expect(() => checkMediaValidity('depot', window, at(window.validUntil))).not.toThrow();
  });

  it('refuses media after its last day and before its first', () => {
    expect(faultOf(() => checkMediaValidity('depot', window, at('2026-04-01T00:00:01Z'))).code).toBe(
      'TRUST-03',
    );
    expect(faultOf(() => checkMediaValidity('depot', window, at('2026-02-28T23:59:59Z'))).code).toBe(
      'TRUST-04',
    );
  });

  it('does not believe a clock that is behind what a signed document proves', () => {
    const time = at('1999-12-31T00:00:00Z', ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z']);
    expect(time).toEqual({ now: new Date('2026-03-02T00:00:00Z'), corrected: true });
    expect(() => checkMediaValidity('depot', window, time)).not.toThrow();
    expect(at('2026-03-03T00:00:00Z', ['2026-03-02T00:00:00Z']).corrected).toBe(false);
  });

  it('refuses policy after its last day, which a later policy may prove', () => {
    const late = at('2020-01-01T00:00:00Z', ['2026-03-01T00:00:01Z']);
    expect(faultOf(() => checkPolicyExpiry('policy.json', '2026-03-01T00:00:00Z', late))).toMatchObject({
      code: 'TRUST-05',
      detail: {
        expected: 'until 2026-03-01T00:00:00Z',
        found: '2026-03-01T00:00:01.000Z, when the newest signed document was made',
      },
    });
  });

  it('names the clock where it is years ahead, because that is what a person can put right', () => {
    const ahead = at('2061-03-01T08:00:00Z', ['2026-03-01T00:00:00Z']);
    const found = 'the clock says 2061-03-01T08:00:00.000Z';
    expect(faultOf(() => checkMediaValidity('depot', window, ahead)).detail).toMatchObject({ found });
    const refused = faultOf(() => checkPolicyExpiry('policy.json', '2026-04-01T00:00:00Z', ahead));
    expect(refused.detail).toMatchObject({ found });
    expect(refused.entry.next).toMatch(/set it in the firmware/);
  });

  const bounds = {
    from: ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    until: ['2026-06-01T00:00:00Z', '2027-03-01T00:00:00Z'],
  };
  it.each<[string, string | undefined, boolean, string]>([
    ['2001-01-01T00:00:00Z', '2026-04-01T00:00:00Z', true, 'years behind'],
    ['2061-01-01T00:00:00Z', '2026-04-01T00:00:00Z', true, 'years ahead'],
    ['2026-04-03T00:00:00Z', '2026-04-01T00:00:00Z', true, 'two days ahead'],
    ['2026-04-01T00:00:00Z', '2026-04-03T00:00:00Z', true, 'two days behind'],
    ['2026-04-01T00:00:00Z', '2026-04-02T00:00:00Z', false, 'a day behind'],
    ['2026-04-01T00:00:00Z', '2026-04-01T00:05:00Z', false, 'minutes behind'],
    ['2001-01-01T00:00:00Z', undefined, false, 'years behind, and nobody to ask'],
    ['2001-01-01T00:00:00Z', '2026-02-15T00:00:00Z', false, 'years behind, and a server from before policy'],
    ['2001-01-01T00:00:00Z', '2026-06-01T00:00:01Z', false, 'years behind, and a server from after policy'],
    ['2026-04-01T00:00:00Z', '2026-09-01T00:00:00Z', false, 'good, and a server from after policy'],
    ['2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z', true, 'a second before policy was made'],
  ])('%s against a server’s %s: taken %s (%s)', (clock, server, taken) => {
    const told = server === undefined ? undefined : new Date(server);
    expect(betterClock({ clock: new Date(clock), server: told, ...bounds })).toEqual(
      taken ? told : undefined,
    );
  });
});

describe('agent.yaml', () => {
  it('gives the pinned keys ready to verify', () => {
    const pair = newKeyPair();
    const config = decodeAgentConfig(`keys:\n  - ${pair.public.text}\ntransfer:\n  connections: 4\n`);
    expect(config.keys[0]?.id).toBe(pair.public.id);
    expect(config.transfer).toEqual({ connections: 4 });
  });

  it.each([
    '/etc/ssl/site.pem',
    'X:\\site.pem',
    '\\\\server\\site.pem',
    '../site.pem',
    'a\\..\\..\\site.pem',
  ])('refuses the certificate %s, which would not lie beside it in the new Windows', name => {
    const fault = faultOf(() => decodeAgentConfig(`keys: [${newKeyPair().public.text}]\nca: ['${name}']\n`));
    expect(fault).toMatchObject({ code: 'USAGE-02' });
    expect(String(fault.detail.issues)).toContain('a path below the folder of agent.yaml');
  });

  it('refuses a configuration without keys, and lists all that is wrong', () => {
    const fault = faultOf(() => decodeAgentConfig('keys: []\nkey: x\ntransfer: { connections: 99 }\n'));
    expect(fault.code).toBe('USAGE-02');
    expect(fault.detail.issues).toEqual([
      'agent.yaml:1:7 keys: expected at least 1 entry, found 0',
      'agent.yaml:2:1 key: unknown key',
      'agent.yaml:3:26 transfer.connections: expected at most 16, found 99',
    ]);
  });
});
