// Reading memory that native code owns: the address is only good while the owner says so, so everything is copied at once.
import type { Native, NativeLibrary } from './library.ts';

export interface NativeMemory {
  /** @returns a copy of `lengthBytes` bytes at `address`. */
  copy(address: bigint, lengthBytes: number): Buffer;
  /** @returns the NUL-ended UTF-8 text at `address`; '' for a null pointer. */
  utf8(address: bigint): string;
  /** @returns the NUL-ended UTF-16 text at `address`; '' for a null pointer. */
  utf16(address: bigint): string;
}

/** Which C library to copy with. */
export type MemorySystem = 'windows' | 'linux';

const LINUX = {
  // string.h
  memcpy: { returns: 'void', takes: ['bytes', 'address', 'address'] },
  strlen: { returns: 'address', takes: ['address'] },
} as const;

const WINDOWS = {
  // winnt.h, exported by kernel32.dll
  RtlMoveMemory: { returns: 'void', takes: ['bytes', 'address', 'address'] },
  // winbase.h
  lstrlenA: { returns: 'i32', takes: ['address'] },
  lstrlenW: { returns: 'i32', takes: ['address'] },
} as const;

/** @returns undefined when not even the C library can be loaded, which no system that runs Node shows. */
export function openMemory(native: Native, system: MemorySystem): NativeMemory | undefined {
  if (system === 'windows') {
    const { library } = native.openLibrary(['kernel32.dll'], WINDOWS);
    return library && windowsMemory(library);
  }
  const { library } = native.openLibrary(['libc.so.6'], LINUX);
  return library && linuxMemory(library);
}

function windowsMemory(kernel32: NativeLibrary<typeof WINDOWS>): NativeMemory {
  const copy = (address: bigint, lengthBytes: number): Buffer => {
    const bytes = Buffer.alloc(lengthBytes);
    if (lengthBytes > 0) kernel32.call('RtlMoveMemory', bytes, address, BigInt(lengthBytes));
    return bytes;
  };
  return {
    copy,
    utf8: address =>
      address === 0n ? '' : copy(address, kernel32.call('lstrlenA', address).value).toString('utf8'),
    utf16: address =>
      address === 0n ? '' : copy(address, kernel32.call('lstrlenW', address).value * 2).toString('utf16le'),
  };
}

function linuxMemory(libc: NativeLibrary<typeof LINUX>): NativeMemory {
  const copy = (address: bigint, lengthBytes: number): Buffer => {
    const bytes = Buffer.alloc(lengthBytes);
    if (lengthBytes > 0) libc.call('memcpy', bytes, address, BigInt(lengthBytes));
    return bytes;
  };
  const utf16 = (address: bigint): string => {
    let lengthBytes = 0;
    while (copy(address + BigInt(lengthBytes), 2).readUInt16LE() !== 0) lengthBytes += 2;
    return copy(address, lengthBytes).toString('utf16le');
  };
  return {
    copy,
    utf8: address =>
      address === 0n ? '' : copy(address, Number(libc.call('strlen', address).value)).toString('utf8'),
    utf16: address => (address === 0n ? '' : utf16(address)),
  };
}
