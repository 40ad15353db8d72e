// What a number that wimgapi.dll left behind means, as a fault.
import type { FaultCode } from '../fault/catalogue.ts';
import { type Detail, Fault } from '../fault/fault.ts';
import { WIN32_ERROR } from '../native/wimgapi.ts';

/** What the last WIM_MSG_ERROR told: the file that failed, and why. */
export interface LastError {
  path: string;
  error: number;
}

const FAULTS: ReadonlyMap<number, FaultCode> = new Map([
  [WIN32_ERROR.requestAborted, 'STOP-01'],
  [WIN32_ERROR.diskFull, 'DISK-01'],
  [WIN32_ERROR.handleDiskFull, 'DISK-01'],
  [WIN32_ERROR.accessDenied, 'DISK-02'],
  [WIN32_ERROR.writeProtect, 'DISK-02'],
  [WIN32_ERROR.crc, 'DISK-03'],
  [WIN32_ERROR.badFormat, 'IMAGE-02'],
  [WIN32_ERROR.invalidData, 'IMAGE-02'],
  [WIN32_ERROR.fileCorrupt, 'IMAGE-02'],
]);

/** The fault that a Win32 error of wimgapi.dll means while applying; anything not known is IMAGE-04 with its number. */
export function wimgapiFault(native: number, doing: string, wim: string, target: string): Fault {
  const code = FAULTS.get(native) ?? 'IMAGE-04';
  const aboutTheFile = code === 'IMAGE-02' || code === 'IMAGE-04';
  return new Fault(code, aboutTheFile ? wim : target, { native, doing, target });
}

/** The same while capturing: stopped, full, or IMAGE-08 with its number, for it may be the source as well as the WIM that it is about. */
export function captureFault(native: number, doing: string, wim: string): Fault {
  const meant = FAULTS.get(native);
  const code = meant === 'STOP-01' || meant === 'DISK-01' ? meant : 'IMAGE-08';
  return new Fault(code, wim, { native, doing });
}

/** The fault with the file that the last WIM_MSG_ERROR named, when there was one. */
export function namingFile(thrown: unknown, last: LastError): unknown {
  if (!(thrown instanceof Fault) || last.error === 0) return thrown;
  const detail: Detail = { ...thrown.detail, file: last.path, fileError: last.error };
  return new Fault(thrown.code, thrown.subject, detail, { cause: thrown.cause });
}
