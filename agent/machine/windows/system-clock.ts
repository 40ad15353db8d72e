// Sets the clock of Windows, and with it the machine's own.
import { Fault } from '../../fault/fault.ts';
import { SYSTEMTIME } from '../../native/kernel32.ts';
import type { SystemLibraries } from './system-library.ts';

/**
 * SetSystemTime takes UTC and enables the privilege that it needs by itself, where the account holds it (SYSTEM and Administrators do); the day of
 * the week is ignored. Source: Microsoft Learn, "SetSystemTime function (sysinfoapi.h)".
 * @throws Fault MACHINE-04, with Windows' error number.
 */
export function setSystemClock({ kernel32 }: SystemLibraries, time: Date): void {
  const fields = [
    time.getUTCFullYear(),
    time.getUTCMonth() + 1,
    time.getUTCDay(),
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
    time.getUTCMilliseconds(),
  ];
  const systemTime = Buffer.alloc(SYSTEMTIME.lengthBytes);
  for (const [index, field] of fields.entries()) systemTime.writeUInt16LE(field, index * 2);
  const { value, lastError } = kernel32.call('SetSystemTime', systemTime);
  if (value === 0) throw new Fault('MACHINE-04', time.toISOString(), { native: lastError });
}
