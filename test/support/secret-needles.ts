// Looks for secrets in bytes, in every shape in which they could stand there: as text of both kinds, and in base64 wherever it begins.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A secret by the name of the place that it belongs to. */
export type Secrets = Readonly<Record<string, string | Uint8Array>>;

/** `where: which secret, in which shape`. */
export type Finding = string;

interface Needle {
  readonly secret: string;
  readonly shape: string;
  readonly bytes: Buffer;
}

/** @returns what looks for them in bytes. */
export function secretFinder(secrets: Secrets): (where: string, bytes: Uint8Array) => readonly Finding[] {
  const needles = Object.entries(secrets).flatMap(([secret, value]) => needlesOf(secret, value));
  return (where, bytes) => {
    const hay = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return needles
      .filter(each => hay.includes(each.bytes))
      .map(({ secret, shape }) => `${where}: ${secret}, ${shape}`);
  };
}

/** Everything below a folder, contents and names. */
export function findBelow(
  folder: string,
  find: (where: string, bytes: Uint8Array) => readonly Finding[],
): readonly Finding[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap(entry => {
      const file = path.join(entry.parentPath, entry.name);
      const where = path.relative(folder, file).split(path.sep).join('/');
      return [
        ...find(`name of ${where}`, Buffer.from(entry.name)),
        ...(entry.isFile() ? find(where, bytesOf(file)) : []),
      ];
    })
    .toSorted();
}

/** A running program may have taken the file away meanwhile. */
function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    return new Uint8Array();
  }
}

function needlesOf(secret: string, value: string | Uint8Array): Needle[] {
  const texts =
    typeof value === 'string'
      ? ([
          ['UTF-8', Buffer.from(value, 'utf8')],
          ['UTF-16', Buffer.from(value, 'utf16le')],
        ] as const)
      : ([['bytes', Buffer.from(value)]] as const);
  return texts.flatMap(([shape, bytes]) => [
    { secret, shape, bytes },
    ...[0, 1, 2].map(lead => ({
      secret,
      shape: `base64 of ${shape}`,
      bytes: Buffer.from(base64Core(bytes, lead)),
    })),
    ...(shape === 'bytes' ? [{ secret, shape: 'hex', bytes: Buffer.from(bytes.toString('hex')) }] : []),
  ]);
}

/** The letters of base64 that these bytes alone decide when `lead` others (0 to 2, of three) stand before them. */
function base64Core(bytes: Buffer, lead: number): string {
  const text = Buffer.concat([Buffer.alloc(lead), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const whole = Math.floor(((lead + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((lead * 8) / 6), whole);
}
