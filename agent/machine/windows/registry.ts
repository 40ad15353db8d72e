// Reads the registry through its API: both views, no parsing of a tool's words.
import { ERROR_SUCCESS, HKEY, KEY_QUERY_VALUE, KEY_WOW64, REG } from '../../native/advapi32.ts';
import { fromWide, fromWideList, wide } from '../../native/text.ts';
import type { SystemLibraries } from './system-library.ts';

/** 64-bit and 32-bit programs see different keys below HKLM\SOFTWARE. */
export type RegistryView = 'bits64' | 'bits32';

export interface Registry {
  hasKey(key: string, view: RegistryView): boolean;
  /** The value as text: numbers in decimal, lists with `;` between, binary as hex. undefined when the key or the value is absent. */
  value(key: string, name: string, view?: RegistryView): string | undefined;
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

/** Keys are written as reg.exe takes them: `HKLM\SOFTWARE\Vendor`, also with a colon behind the root. Unknown roots have no keys. */
export function openRegistry({ advapi32 }: SystemLibraries): Registry {
  function withKey<Result>(
    key: string,
    view: RegistryView,
    use: (handle: bigint) => Result,
  ): Result | undefined {
    const [rootName = '', ...below] = key.split('\\');
    const root = ROOTS[rootName.replace(/:$/, '').toUpperCase()];
    if (root === undefined) return undefined;
    const handle = Buffer.alloc(8);
    const access = KEY_QUERY_VALUE | KEY_WOW64[view];
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

  return {
    hasKey: (key, view) => withKey(key, view, () => true) ?? false,

    flush() {
      for (const hive of HIVES) withKey(hive, 'bits64', handle => advapi32.call('RegFlushKey', handle).value);
    },

    value: (key, name, view = 'bits64') =>
      withKey(key, view, handle => {
        const type = Buffer.alloc(4);
        const size = Buffer.alloc(4);
        size.writeUInt32LE(VALUE_MAX_BYTES);
        const data = Buffer.alloc(VALUE_MAX_BYTES);
        const { value: error } = advapi32.call('RegQueryValueExW', handle, wide(name), 0n, type, data, size);
        if (error !== ERROR_SUCCESS) return undefined;
        return valueText(type.readUInt32LE(), data.subarray(0, size.readUInt32LE()));
      }),
  };
}

function valueText(type: number, data: Buffer): string {
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
