// Connects shares as `net use` does, without a drive letter, a program or a command line that others could read the password from.
import type { ShareConnector } from '../../distribution/share-connections.ts';
import { Fault } from '../../fault/fault.ts';
import { openNative } from '../../native/library.ts';
import { CONNECT_TEMPORARY, MPR, NETRESOURCEW, RESOURCETYPE_DISK } from '../../native/mpr.ts';
import { wide } from '../../native/text.ts';

/** Memory that a structure can point to. Source: winbase.h, winnt.h. */
const HEAP = {
  GlobalAlloc: { returns: 'address', takes: ['u32', 'address'] },
  GlobalFree: { returns: 'address', takes: ['address'] },
  RtlMoveMemory: { returns: 'void', takes: ['address', 'bytes', 'address'] },
} as const;
/** GPTR: fixed and zeroed. */
const GPTR = 0x40;

/**
 * Loads nothing yet: a run without shares does without. Calls take as long as the network does, on a thread of their own.
 * @throws Fault USAGE-10 where there is no mpr.dll.
 */
export function openShareConnector(addonFolders?: readonly string[]): ShareConnector {
  let opening: ReturnType<typeof load> | undefined;
  const libraries = (): ReturnType<typeof load> => {
    opening ??= load(addonFolders);
    return opening;
  };
  return {
    async connect(share, account) {
      const { mpr, kernel32 } = await libraries();
      const kept: { readonly address: bigint; readonly lengthBytes: number }[] = [];
      const lay = (text: string): bigint => {
        const bytes = wide(text);
        const address = kernel32.call('GlobalAlloc', GPTR, BigInt(bytes.length)).value;
        kernel32.call('RtlMoveMemory', address, bytes, BigInt(bytes.length));
        bytes.fill(0);
        kept.push({ address, lengthBytes: bytes.length });
        return address;
      };
      try {
        const resource = Buffer.alloc(NETRESOURCEW.lengthBytes);
        resource.writeUInt32LE(RESOURCETYPE_DISK, NETRESOURCEW.type);
        resource.writeBigUInt64LE(lay(share), NETRESOURCEW.remoteName);
        const [password, name] = account ? [lay(account.password), lay(account.name)] : [0n, 0n];
        return (await mpr.callInThread('WNetAddConnection2W', resource, password, name, CONNECT_TEMPORARY))
          .value;
      } finally {
        for (const { address, lengthBytes } of kept) {
          kernel32.call('RtlMoveMemory', address, Buffer.alloc(lengthBytes), BigInt(lengthBytes));
          kernel32.call('GlobalFree', address);
        }
      }
    },
    async disconnect(share) {
      const { mpr } = await libraries();
      return (await mpr.callInThread('WNetCancelConnection2W', wide(share), 0, 1)).value;
    },
  };
}

async function load(addonFolders?: readonly string[]) {
  const native = await openNative(addonFolders);
  const { library: mpr, tried } = native.openLibrary(['mpr.dll'], MPR);
  const { library: kernel32 } = native.openLibrary(['kernel32.dll'], HEAP);
  if (!mpr || !kernel32)
    throw new Fault('USAGE-10', 'mpr.dll', { expected: 'Windows', tried: tried ?? ['kernel32.dll'] });
  return { mpr, kernel32 };
}
