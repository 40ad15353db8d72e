// Bytes of a signed JSON document to a typed value. The caller has verified the signature first; what is not understood is refused whole.
import type { z } from 'zod';
import { Fault } from '../fault/fault.ts';
import { mistakesOf, pathText } from './issue.ts';

/** `name` is what the document is called in messages; `maxBytes` is checked before anything is parsed. */
export interface JsonOptions {
  readonly name: string;
  readonly maxBytes: number;
}

/** @returns the value. Faults: TRUST-08 larger than its cap, TRUST-10 not JSON or not of the schema (all mistakes in `detail.issues`). */
export function decodeJson<S extends z.ZodType>(
  bytes: Uint8Array,
  schema: S,
  { name, maxBytes }: JsonOptions,
): z.infer<S> {
  refuseOversize(bytes, { name, maxBytes });
  const value = parse(bytes, name);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.flatMap(issue => mistakesOf(issue, value));
  const issues = mistakes.map(mistake => `${pathText(mistake.path) || 'document'}: ${mistake.text}`);
  throw new Fault('TRUST-10', name, { issues });
}

/** Fault: TRUST-08. For documents that must be weighed before their signature is looked at. */
export function refuseOversize(bytes: Uint8Array, { name, maxBytes }: JsonOptions): void {
  if (bytes.byteLength > maxBytes)
    throw new Fault('TRUST-08', name, {
      expected: `at most ${maxBytes} bytes`,
      found: `${bytes.byteLength} bytes`,
    });
}

/** @returns the bytes that are signed and stored: two spaces of indentation, one newline at the end, UTF-8. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`, 'utf8');
}

function parse(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Fault('TRUST-10', name, { expected: 'JSON in UTF-8' }, { cause });
  }
}
