// Which DLL stands behind an API set (`api-ms-win-core-synch-l1-2-0.dll`): no file, but an entry in the image's own apisetschema.dll.
// Layout of version 6 (Windows 10 and later): API_SET_NAMESPACE, _ENTRY and _VALUE_ENTRY as in the apiset.h that the Windows 10 DDK had; see also
// Microsoft, "Windows API sets". The loader leaves out the last number of a name: HashedLength ends before it.
import { openPortableExecutable } from '../build/portable-executable.mjs';

const VERSION = 6;
const ENTRY = { bytes: 24, nameOffset: 4, hashedLength: 12, valueOffset: 16, valueCount: 20 };
const VALUE = { bytes: 20, hostOffset: 12, hostLength: 16 };

/** @returns true when a DLL's name is one of an API set */
export const isApiSet = name => /^(api|ext)-/i.test(name);

/**
 * Reads the bytes of an apisetschema.dll.
 * @returns {((name: string) => readonly string[] | undefined) | undefined} from an API set to the DLLs behind it, lower case (none: named
 *   but not implemented), undefined for one that is not named; no function when the schema is not one of version 6.
 */
export function readApiSets(bytes) {
  let map;
  try {
    map = openPortableExecutable(bytes).section('.apiset');
  } catch {
    return undefined; // no PE file, or one that ends early: there is no schema in it
  }
  if (map === undefined || map.length < 28 || map.readUInt32LE(0) !== VERSION) return undefined;
  const [count, entries] = [map.readUInt32LE(12), map.readUInt32LE(16)];
  const sets = new Map();
  for (let number = 0; number < count; number += 1) {
    const at = entries + number * ENTRY.bytes;
    const name = map.readUInt32LE(at + ENTRY.nameOffset);
    const hashed = text(map, name, map.readUInt32LE(at + ENTRY.hashedLength));
    sets.set(hashed, hostsOf(map, at));
  }
  return name => sets.get(withoutLastNumber(name));
}

/** The first value is for every importer, the others for the one that they name. */
function hostsOf(map, entry) {
  const values = map.readUInt32LE(entry + ENTRY.valueOffset);
  const hosts = Array.from({ length: map.readUInt32LE(entry + ENTRY.valueCount) }, (_, number) => {
    const at = values + number * VALUE.bytes;
    return text(map, map.readUInt32LE(at + VALUE.hostOffset), map.readUInt32LE(at + VALUE.hostLength));
  });
  return hosts.filter(host => host !== '').slice(0, 1);
}

const text = (map, offset, length) => map.toString('utf16le', offset, offset + length).toLowerCase();

const withoutLastNumber = name =>
  name
    .toLowerCase()
    .replace(/\.dll$/, '')
    .replace(/-[^-]*$/, '');
