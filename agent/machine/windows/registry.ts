// Reads the registry through its API: both views, no parsing of a tool's words.
import {
  ERROR_MORE_DATA,
  ERROR_SUCCESS,
  HKEY,
  KEY_ENUMERATE_SUB_KEYS,
  KEY_QUERY_VALUE,
  KEY_WOW64,
  REG,
} from '../../native/advapi32.ts';
import { fromWide, fromWideList, wide } from '../../native/text.ts';
import type { SystemLibraries } from './system-library.ts';

/** 64-bit and 32-bit programs see different keys below HKLM\SOFTWARE. */
export type RegistryView = 'bits64' | 'bits32';

export interface Registry {
  hasKey(key: string, view: RegistryView): boolean;
  /** The value as text: numbers in decimal, lists with `;` between, binary as hex. undefined when the key or the value is absent. */
  value(key: string, name: string, view?: RegistryView): string | undefined;
  /** The parts of a list (REG_MULTI_SZ), a text as the only one; none when the key or the value is absent or of another type. 64-bit view. */
  list(key: string, name: string): readonly string[];
  /** The names of the keys right below; none when the key is absent or may not be read. 64-bit view. */
  subkeys(key: string): readonly string[];
  /** Writes what programs have set below HKLM to the disk: Windows itself does it some time later. */
  flush(): void;
}

const ROOTS: Readonly<Record<string, bigint>> = {
  ...HKEY,
  HKLM: HKEY.HKEY_LOCAL_MACHINE,
  HKCU: HKEY.HKEY_CURRENT_USER,
  HKCR: HKEY.HKEY_CLASSES_ROOT,
  HKU: HKEY.HKEY_USERS,
};

/** Each is a file of its own (a hive); HKLM itself is none. */
const HIVES = ['HKLM\\SOFTWARE', 'HKLM\\SYSTEM'] as const;

const VALUE_MAX_BYTES = 1024 * 1024;

/** Most values are small. */
const VALUE_USUAL_BYTES = 4096;

/** Longest name of a key, with its NUL. Source: Microsoft, "Registry Element Size Limits". */
const KEY_NAME_UNITS = 256;

/** Beyond any key that is looked through; an end for one that grows while it is read. */
const SUBKEYS_MAX = 100_000;

/** Keys are written as reg.exe takes them: `HKLM\SOFTWARE\Vendor`, also with a colon behind the root. Unknown roots have no keys. */
export function openRegistry({ advapi32 }: SystemLibraries): Registry {
  function withKey<Result>(
    key: string,
    view: RegistryView,
    use: (handle: bigint) => Result,
    right = KEY_QUERY_VALUE,
  ): Result | undefined {
    const [rootName = '', ...below] = key.split('\\');
    const root = ROOTS[rootName.replace(/:$/, '').toUpperCase()];
    if (root === undefined) return undefined;
    const handle = Buffer.alloc(8);
    const access = right | KEY_WOW64[view];
    if (
      advapi32.call('RegOpenKeyExW', root, wide(below.join('\\')), 0, access, handle).value !== ERROR_SUCCESS
    )
      return undefined;
    try {
      return use(handle.readBigUInt64LE());
    } finally {
      advapi32.call('RegCloseKey', handle.readBigUInt64LE());
    }
  }

  function readValue(handle: bigint, name: string): RegistryValue | undefined {
    const type = Buffer.alloc(4);
    const size = Buffer.alloc(4);
    for (const maxBytes of [VALUE_USUAL_BYTES, VALUE_MAX_BYTES]) {
      const data = Buffer.alloc(maxBytes);
      size.writeUInt32LE(maxBytes);
      const { value: error } = advapi32.call('RegQueryValueExW', handle, wide(name), 0n, type, data, size);
      if (error === ERROR_SUCCESS)
        return { type: type.readUInt32LE(), data: data.subarray(0, size.readUInt32LE()) };
      if (error !== ERROR_MORE_DATA) return undefined;
    }
    return undefined;
  }

  function subkeyNames(handle: bigint): readonly string[] {
    const names: string[] = [];
    const name = Buffer.alloc(2 * KEY_NAME_UNITS);
    const length = Buffer.alloc(4);
    while (names.length < SUBKEYS_MAX) {
      length.writeUInt32LE(KEY_NAME_UNITS);
      const index = names.length;
      const { value: error } = advapi32.call('RegEnumKeyExW', handle, index, name, length, 0n, 0n, 0n, 0n);
      if (error !== ERROR_SUCCESS) break;
      names.push(fromWide(name.subarray(0, 2 * length.readUInt32LE())));
    }
    return names;
  }

  return {
    hasKey: (key, view) => withKey(key, view, () => true) ?? false,

    flush() {
      for (const hive of HIVES) withKey(hive, 'bits64', handle => advapi32.call('RegFlushKey', handle).value);
    },

    value: (key, name, view = 'bits64') =>
      withKey(key, view, handle => {
        const found = readValue(handle, name);
        return found === undefined ? undefined : valueText(found);
      }),

    list: (key, name) =>
      withKey(key, 'bits64', handle => {
        const found = readValue(handle, name);
        if (found?.type === REG.multiSz) return fromWideList(found.data);
        return found?.type === REG.sz ? [fromWide(found.data)] : [];
      }) ?? [],

    subkeys: key => withKey(key, 'bits64', subkeyNames, KEY_ENUMERATE_SUB_KEYS) ?? [],
  };
}

interface RegistryValue {
  readonly type: number;
  readonly data: Buffer;
}

function valueText({ type, data }: RegistryValue): string {
  switch (type) {
    case REG.sz:
    case REG.expandSz:
      return fromWide(data);
    case REG.multiSz:
      return fromWideList(data).join(';');
    case REG.dword:
      return data.length < 4 ? '' : String(data.readUInt32LE());
    case REG.qword:
      return data.length < 8 ? '' : String(data.readBigUInt64LE());
    default:
      return data.toString('hex');
  }
}
