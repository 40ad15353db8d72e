// What a number that libwim gave back means, as a fault.
import { statfs } from 'node:fs/promises';
import type { FaultCode } from '../fault/catalogue.ts';
import { type Detail, Fault } from '../fault/fault.ts';
import { ERROR } from '../native/wimlib.ts';

/** What was being done when it failed. */
export interface WimlibContext {
  readonly wim: string;
  readonly target: string;
  readonly doing: 'apply' | 'capture';
}

const DAMAGED: ReadonlySet<number> = new Set([
  ERROR.decompression,
  ERROR.imageCount,
  ERROR.integrity,
  ERROR.invalidChunkSize,
  ERROR.invalidHeader,
  ERROR.invalidIntegrityTable,
  ERROR.invalidLookupTableEntry,
  ERROR.invalidMetadataResource,
  ERROR.invalidResourceHash,
  ERROR.resourceNotFound,
  ERROR.unexpectedEndOfFile,
  ERROR.xml,
]);

/** A volume with less than this left is full, whatever number the library gave: a cleaned-up errno may name something else. */
const FULL_BELOW_BYTES = 1024 * 1024;

/** @returns DISK-01 where the volume is full, else what the number says. */
export async function wimlibFault(
  code: number,
  lastError: number,
  message: string,
  { wim, target, doing }: WimlibContext,
): Promise<Fault> {
  const detail: Detail = { native: code, message, lastError };
  if (code === ERROR.abortedByProgress) return new Fault('STOP-01', doing === 'apply' ? target : wim, detail);
  const freeBytes = await freeBytesAt(target);
  if (freeBytes !== undefined && freeBytes < FULL_BELOW_BYTES)
    return new Fault('DISK-01', target, { ...detail, freeBytes });
  if (code === ERROR.unsupported && doing === 'apply')
    return new Fault('USAGE-10', target, { ...detail, expected: 'libwim with NTFS volumes' });
  return new Fault(codeOf(code, doing), code === ERROR.write ? target : wim, { ...detail, target });
}

function codeOf(code: number, doing: WimlibContext['doing']): FaultCode {
  if (doing === 'capture') return 'IMAGE-08';
  if (code === ERROR.notAWimFile || code === ERROR.unknownVersion) return 'IMAGE-01';
  if (code === ERROR.invalidImage) return 'IMAGE-03';
  return DAMAGED.has(code) ? 'IMAGE-02' : 'IMAGE-04';
}

async function freeBytesAt(path: string): Promise<number | undefined> {
  for (const place of [path, path.replace(/[\\/][^\\/]*$/, '')]) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch {
      // Not there (a capture that wrote nothing yet): its folder tells.
    }
  }
  return undefined;
}
