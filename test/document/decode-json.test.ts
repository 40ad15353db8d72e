import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeJson, encodeJson } from '../../agent/document/decode-json.ts';
import { asFault } from '../../agent/fault/fault.ts';

const schema = z.strictObject({ format: z.literal('test/1'), list: z.array(z.int()) });
const options = { name: 'test.json', maxBytes: 200 };

function fault(bytes: Uint8Array) {
  try {
    decodeJson(bytes, schema, options);
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was thrown');
}

describe('decodeJson', () => {
  it('reads back what encodeJson wrote', () => {
    const value = { format: 'test/1', list: [1, 2] } as const;
    expect(decodeJson(encodeJson(value), schema, options)).toEqual(value);
  });

  it('refuses a document above its cap before it is parsed', () => {
    expect(fault(Buffer.alloc(201, 0x20))).toMatchObject({ code: 'TRUST-08', subject: 'test.json' });
  });

  it('names every field that is unknown, absent or wrong', () => {
    const found = fault(encodeJson({ format: 'test/2', extra: 1, list: ['x'] }));
    expect(found.code).toBe('TRUST-10');
    expect(found.detail.issues).toEqual(
      expect.arrayContaining(['format: expected test/1', 'list[0]: expected a number', 'extra: unknown key']),
    );
  });

  it.each([
    ['text that is no JSON', Buffer.from('{')],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['HTML', Buffer.from('<!doctype html>')],
  ])('refuses %s', (_, bytes) => {
    expect(fault(bytes).code).toBe('TRUST-10');
  });
});
