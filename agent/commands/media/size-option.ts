// Sizes on the command line.
import { Fault } from '../../fault/fault.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `64G`, `1500M` or plain bytes; units of 1024. Fault: USAGE-01, which names the option. */
export function sizeOption(option: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})([KMGT]?)i?B?$/i.exec(text.trim()) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
  if (digits === '' || bytes === 0 || !Number.isSafeInteger(bytes))
    throw new Fault('USAGE-01', option, { expected: 'a size such as 64G, 1500M or bytes', found: text });
  return bytes;
}
