import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeManifest } from '../../agent/content/decode-manifest.ts';
import { encodeManifest } from '../../agent/content/encode-manifest.ts';
import { type ContentManifest, MANIFEST_MAX_BYTES } from '../../agent/content/manifest.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const file = (path: string, size = 3) => ({ path, size, sha256: sha(path) });
const manifest: ContentManifest = {
  format: 'prestage-content/1',
  id: 'CON00012',
  version: '1.2.3',
  type: 'application',
  name: 'Editor',
  files: [file('b/setup.exe'), { ...file('a.cab', 300_000), chunks: { count: 5, sha256: sha('index') } }],
  install: [{ command: 'setup.exe /S', successCodes: [0, 3010] }],
};

/** Bytes of a document as given, and the digest that proves them. */
const proven = (document: unknown) => {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
};
const decode = (document: unknown) => {
  const { bytes, digest } = proven(document);
  return () => decodeManifest(bytes, { digest });
};

describe('a content manifest', () => {
  it('comes back as it was published, its files in the order of their paths', () => {
    const { bytes, reference } = encodeManifest(manifest);
    expect(decodeManifest(bytes, reference)).toEqual({
      ...manifest,
      files: [manifest.files[1], manifest.files[0]],
    });
    expect(reference).toEqual({
      id: 'CON00012',
      version: '1.2.3',
      type: 'application',
      name: 'Editor',
      digest: createHash('sha256').update(bytes).digest('hex'),
      manifestBytes: bytes.length,
      totalBytes: 300_003,
    });
  });

  it('has the same bytes whatever order its parts were put together in', () => {
    const { files, id, ...rest } = manifest;
    const other = { files: files.toReversed(), ...rest, id };
    expect(Buffer.from(encodeManifest(other).bytes)).toEqual(Buffer.from(encodeManifest(manifest).bytes));
  });

  it('is refused before it is hashed when larger than its cap: TRUST-08', () => {
    expect(() => decodeManifest(new Uint8Array(MANIFEST_MAX_BYTES + 1), { digest: sha('') })).toThrow(
      expect.objectContaining({
        code: 'TRUST-08',
        detail: expect.objectContaining({ found: MANIFEST_MAX_BYTES + 1 }),
      }),
    );
  });

  it('is refused with another digest, expected and found named: TRUST-07', () => {
    const { bytes, digest } = proven(manifest);
    expect(() => decodeManifest(bytes, { digest: sha('another') })).toThrow(
      expect.objectContaining({ code: 'TRUST-07', detail: { expected: sha('another'), found: digest } }),
    );
  });

  it.each([
    ['no JSON', 'not JSON'],
    ['no UTF-8 text', Buffer.from([0xff, 0xfe]).toString('latin1')],
    ['an unknown field', { ...manifest, runAs: 'SYSTEM' }],
    ['a missing field', { ...manifest, version: undefined }],
    ['a wrong type', { ...manifest, files: 'all' }],
    ['another format', { ...manifest, format: 'prestage-content/2' }],
    ['an ID that is none', { ...manifest, id: '../../x' }],
    ['a version that would leave its folder', { ...manifest, version: '..' }],
    ['a negative size', { ...manifest, files: [{ ...file('a'), size: -1 }] }],
    ['a digest that is none', { ...manifest, files: [{ ...file('a'), sha256: 'AB' }] }],
    ['a large file without chunk index', { ...manifest, files: [file('a', 300_000)] }],
    [
      'a small file with chunk index',
      { ...manifest, files: [{ ...file('a', 1000), chunks: { count: 2, sha256: sha('') } }] },
    ],
    [
      'more chunks than can be',
      { ...manifest, files: [{ ...file('a', 300_000), chunks: { count: 75, sha256: sha('') } }] },
    ],
  ])('with %s is refused: TRUST-10', (_what, document) => {
    expect(decode(document)).toThrow(expect.objectContaining({ code: 'TRUST-10' }));
  });

  it('lists every mistake of its form at once, each with its place', () => {
    expect(decode({ ...manifest, name: '', files: [{ ...file('a'), size: 1.5 }] })).toThrow(
      expect.objectContaining({
        detail: { issues: [expect.stringMatching(/^name: /), expect.stringMatching(/^files\[0\]\.size: /)] },
      }),
    );
  });

  it('of another item or version than the reference names is refused: TRUST-10', () => {
    const { bytes, digest } = proven(manifest);
    expect(() => decodeManifest(bytes, { digest, id: 'CON00013' })).toThrow(
      expect.objectContaining({
        code: 'TRUST-10',
        detail: { field: 'id', expected: 'CON00013', found: 'CON00012' },
      }),
    );
    expect(() => decodeManifest(bytes, { digest, version: '1.2.4' })).toThrow(
      expect.objectContaining({ code: 'TRUST-10' }),
    );
  });

  it('with paths that must not be used is refused, all of them named: TRUST-09', () => {
    expect(decode({ ...manifest, files: [file('../up'), file('ok'), file('x:y'), file('OK')] })).toThrow(
      expect.objectContaining({
        code: 'TRUST-09',
        subject: expect.stringMatching(/^[0-9a-f]{64}$/),
        detail: {
          paths: ['../up has the part ".."', 'x:y names a drive', 'OK differs only by case from "ok"'],
        },
      }),
    );
  });
});
