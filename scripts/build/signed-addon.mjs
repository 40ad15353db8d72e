// The native add-on as the organisation signed it: taken into the executable only when it is npm's file in everything but the signature.
import { readFileSync } from 'node:fs';
import { Advice } from '../setup/say.mjs';

/** Microsoft, "PE Format": where the optional header has the checksum and, in PE32+, the address of the certificate table. */
const CHECKSUM = { offset: 64, bytes: 4 };
const CERTIFICATE_TABLE = { offset: 112 + 4 * 8, bytes: 8 };

/** @returns `file`, a signed copy of `original` (both are paths). Throws advice for anything else. */
export function requireSignedAddon(file, original) {
  const bytes = readOr(file);
  const plain = withoutSignature(readFileSync(original));
  const unsigned = withoutSignature(bytes);
  // A signature begins at a multiple of 8 bytes; what fills up to there is zeros.
  const filled = Buffer.concat([plain ?? Buffer.alloc(0), Buffer.alloc(-(plain?.length ?? 0) & 7)]);
  if (unsigned === undefined || !unsigned.subarray(0, filled.length).equals(filled))
    throw new Advice(
      `${file} is not a signed copy of ${original}; nothing was built. Sign a copy of that file.`,
    );
  if (bytes.length === filled.length)
    throw new Advice(`${file} carries no signature; nothing was built. Leave --addon out, or sign it first.`);
  return file;
}

/** With zeros where a signature writes; undefined when it is no PE32+ file. */
function withoutSignature(bytes) {
  const copy = Buffer.from(bytes);
  const header = copy.length > 0x40 ? copy.readUInt32LE(0x3c) : 0;
  if (copy.toString('latin1', header, header + 4) !== 'PE\0\0') return undefined;
  const optional = header + 24;
  for (const { offset, bytes: count } of [CHECKSUM, CERTIFICATE_TABLE])
    copy.fill(0, optional + offset, optional + offset + count);
  return copy;
}

function readOr(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Advice(`${file} cannot be read (${error.code}); nothing was built. Name the signed add-on.`);
  }
}
