import { describe, expect, it } from 'vitest';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { asFault } from '../../agent/fault/fault.ts';
import { MEDIA_MAX_BYTES } from '../../agent/media/media-manifest.ts';
import { osImageFile } from '../../agent/media/os-image-file.ts';
import { readSignedMedia, verifyMedia, verifyMediaFile } from '../../agent/media/verify-media.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { mediaManifest, reference, signed } from '../support/signed-documents.ts';

const pair = newKeyPair();
const manifest = mediaManifest(newKeyPair().public.text);
const now = new Date('2026-04-01T00:00:00Z');

function refusal(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was refused');
}

function verify(value: unknown, clock = now) {
  const { bytes, signature } = signed('media', value, pair);
  return verifyMedia(bytes, signature, [pair.public], clock);
}

describe('verifyMedia', () => {
  it('gives the manifest and the key that vouches for it', () => {
    expect(verify(manifest)).toMatchObject({
      manifest,
      key: { id: pair.public.id },
      time: { corrected: false },
    });
  });

  it('accepts a machine whose clock was never set, as no document is made in the future', () => {
    expect(verify(manifest, new Date('2000-01-01T00:00:00Z')).time).toEqual({
      now: new Date(manifest.created),
      corrected: true,
    });
  });

  it.each([
    ['expired', manifest, new Date('2027-03-01T00:00:01Z'), 'TRUST-03'],
    ['not valid yet', { ...manifest, validFrom: '2026-05-01T00:00:00Z' }, now, 'TRUST-04'],
    ['with an unknown field', { ...manifest, prestart: 'cmd.exe' }, now, 'TRUST-10'],
    ['without policy keys', { ...manifest, policyKeys: [] }, now, 'TRUST-10'],
    [
      'with a distribution point that carries a password',
      { ...manifest, distributionPoints: [{ url: 'http://me:pw@dp', priority: 1 }] },
      now,
      'TRUST-10',
    ],
    [
      'whose OS image is not among its content',
      { ...manifest, osImage: { id: 'CON00009', index: 1 } },
      now,
      'TRUST-10',
    ],
    [
      'that names a content item twice',
      { ...manifest, content: [reference('CON00001', 'os-image'), reference('CON00001', 'os-image')] },
      now,
      'TRUST-10',
    ],
    [
      'whose content has no digest',
      { ...manifest, content: [{ ...reference('CON00001', 'os-image'), digest: '' }] },
      now,
      'TRUST-10',
    ],
  ])('refuses media %s', (_, value, clock, code) => {
    expect(refusal(() => verify(value, clock)).code).toBe(code);
  });

  it('refuses unsigned, altered and foreign manifests before they are parsed', () => {
    const { bytes, signature } = signed('media', manifest, pair);
    expect(refusal(() => verifyMedia(bytes, undefined, [pair.public], now)).code).toBe('TRUST-01');
    const altered = Buffer.from(
      Buffer.from(bytes).toString().replace('"unattended": true', '"unattended": false'),
    );
    expect(refusal(() => verifyMedia(altered, signature, [pair.public], now)).code).toBe('TRUST-02');
    expect(refusal(() => verifyMedia(bytes, signature, [newKeyPair().public], now)).code).toBe('TRUST-02');
    expect(refusal(() => verifyMedia(Buffer.from('not JSON'), signature, [pair.public], now)).code).toBe(
      'TRUST-02',
    );
    expect(
      refusal(() => verifyMedia(new Uint8Array(MEDIA_MAX_BYTES + 1), signature, [pair.public], now)).code,
    ).toBe('TRUST-08');
  });

  it('refuses a policy signed by a media key as media', () => {
    const { bytes, signature } = signed('policy', manifest, pair);
    expect(refusal(() => verifyMedia(bytes, signature, [pair.public], now)).code).toBe('TRUST-02');
  });

  it('shows expired media to whoever only looks', () => {
    const { bytes, signature } = signed('media', manifest, pair);
    expect(readSignedMedia(bytes, signature, [pair.public]).manifest.name).toBe('depot');
  });
});

describe('verifyMediaFile', () => {
  const file = {
    format: 'prestage-media-file/1',
    mediaId: manifest.mediaId,
    file: 'depot.wim',
    size: 10,
    sha256: 'cd'.repeat(32),
    manifestSha256: 'ef'.repeat(32),
  };

  it('gives the sidecar of a media file', () => {
    const { bytes, signature } = signed('media-file', file, pair);
    expect(verifyMediaFile(bytes, signature, [pair.public], 'depot.wim.json').file).toEqual(file);
  });

  it.each([
    ['a file name with a folder', { ...file, file: '../depot.wim' }],
    ['a digest of another length', { ...file, sha256: 'cd' }],
  ])('refuses %s', (_, value) => {
    const { bytes, signature } = signed('media-file', value, pair);
    expect(refusal(() => verifyMediaFile(bytes, signature, [pair.public], 'depot.wim.json')).code).toBe(
      'TRUST-10',
    );
  });

  it('refuses a sidecar without signature', () => {
    expect(
      refusal(() => verifyMediaFile(encodeJson(file), undefined, [pair.public], 'depot.wim.json')),
    ).toMatchObject({ code: 'TRUST-01', subject: 'depot.wim.json' });
  });
});

describe('osImageFile', () => {
  const file = (path: string) => ({ path, size: 1, sha256: 'ab'.repeat(32) });

  it('finds the one WIM of an item', () => {
    expect(
      osImageFile({ id: 'CON00001', version: '1', files: [file('readme.txt'), file('Install.WIM')] }).path,
    ).toBe('Install.WIM');
  });

  it('refuses an item with none or two', () => {
    expect(refusal(() => osImageFile({ id: 'CON00001', version: '1', files: [] })).code).toBe('TRUST-10');
    expect(
      refusal(() => osImageFile({ id: 'CON00001', version: '1', files: [file('a.wim'), file('b.wim')] }))
        .code,
    ).toBe('TRUST-10');
  });
});
