// Wine takes C:\windows for granted; in Windows PE it is X:\windows. The letter is changed in Wine's programs, in place: the length stays.
import { readFileSync, writeFileSync } from 'node:fs';

const FOLDER = 'C:\\windows';

/**
 * @param file a program or library of Wine
 * @returns how many places were changed; the file is written only then
 */
export function moveWindowsFolder(file) {
  const bytes = readFileSync(file);
  let places = 0;
  for (const encoding of ['utf16le', 'latin1']) {
    // Wine spells it in lower and in upper case.
    for (const spelled of [FOLDER, FOLDER.toLowerCase(), 'C:\\Windows', 'c:\\Windows', 'C:\\WINDOWS'])
      places += replaceLetter(bytes, Buffer.from(spelled, encoding));
  }
  // The value of %SystemDrive%.
  if (file.endsWith('/ntdll.so')) {
    const drive = Buffer.from('\0C:\0', 'latin1');
    const at = bytes.indexOf(drive);
    if (at < 0 || bytes.indexOf(drive, at + 1) >= 0) throw new Error(`${file}: not one %SystemDrive%`);
    bytes[at + 1] = 'X'.charCodeAt(0);
    places++;
  }
  if (places > 0) writeFileSync(file, bytes);
  return places;
}

function replaceLetter(bytes, text) {
  let places = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes[at] = 'X'.charCodeAt(0);
    places++;
  }
  return places;
}
