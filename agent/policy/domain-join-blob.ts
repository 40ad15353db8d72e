// The file of an offline domain join, and what Windows Setup takes of it. Pure.

/**
 * The file that `djoin /provision /savefile` writes holds Base64 in UTF-16 with a byte order mark and a zero at its end; AccountData takes the
 * Base64 alone. Source: Microsoft, "Offline domain join (djoin.exe) step-by-step guide".
 * @returns the Base64; undefined for a file that is another thing.
 */
export function accountData(file: Uint8Array): string | undefined {
  const text = Buffer.from(file)
    .toString(file[0] === 0xff || file[1] === 0 ? 'utf16le' : 'utf8')
    .replaceAll(/[\ufeff\0\s]/g, '');
  return /^[A-Za-z0-9+/]{16,}={0,2}$/.test(text) ? text : undefined;
}
