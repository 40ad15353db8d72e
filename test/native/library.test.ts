// The one file that knows ffi-rs, against the C library: values both ways, errno, callbacks on other threads and their guard.
import { describe, expect, it } from 'vitest';
import { type NativeCallback, openNative } from '../../agent/native/library.ts';
import { openMemory } from '../../agent/native/memory.ts';
import { fromWide, fromWideList, nativeText, wide } from '../../agent/native/text.ts';

const LIBC = {
  abs: { returns: 'i32', takes: ['i32'] },
  strtoull: { returns: 'address', takes: ['bytes', 'address', 'i32'] },
  close: { returns: 'i32', takes: ['i32'] },
  qsort: { returns: 'void', takes: ['bytes', 'address', 'address', 'callback'] },
  getpid: { returns: 'i32', takes: [] },
  usleep: { returns: 'i32', takes: ['u32'] },
  strdup: { returns: 'address', takes: ['bytes'] },
  calloc: { returns: 'address', takes: ['address', 'address'] },
  memmove: { returns: 'address', takes: ['address', 'bytes', 'address'] },
} as const;

async function libc() {
  const native = await openNative();
  const { library } = native.openLibrary(['libc.so.6'], LIBC);
  if (!library) throw new Error('no C library');
  return { native, library };
}

const text = (value: string): Uint8Array => nativeText(value, 'utf8');

describe('calling a library', () => {
  it('passes and returns numbers, and 64 bits without loss', async () => {
    const { library } = await libc();
    expect(library.call('abs', -5).value).toBe(5);
    expect(library.call('strtoull', text('18364758544493064720'), 0n, 10).value).toBe(0xfedc_ba98_7654_3210n);
    expect((await library.callInThread('strtoull', text('9007199254740993'), 0n, 10)).value).toBe(
      9_007_199_254_740_993n,
    );
  });

  it('gives the error number of a call that failed, here and on another thread', async () => {
    const { library } = await libc();
    expect(library.call('close', -1)).toEqual({ value: -1, lastError: 9 });
    expect(await library.callInThread('close', -1)).toEqual({ value: -1, lastError: 9 });
  });

  it('says what was tried when a library is not there', async () => {
    const { tried } = (await openNative()).openLibrary(['libnothing-1.so', 'libnothing-2.so'], LIBC);
    expect(tried).toHaveLength(2);
    expect(tried?.[1]).toContain('libnothing-2.so');
  });

  it('takes the first candidate that can be loaded', async () => {
    const { library } = (await openNative()).openLibrary(['libnothing-1.so', 'libc.so.6'], LIBC);
    expect(library?.path).toBe('libc.so.6');
    expect(library?.call('getpid').value).toBe(process.pid);
  });

  it('lets the event loop run while a call in a thread blocks', async () => {
    const { library } = await libc();
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    await library.callInThread('usleep', 200_000);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });
});

describe('a callback', () => {
  /** Sorts u32 numbers by a callback, as native code sees it. */
  async function sort(
    numbers: readonly number[],
    compare: (a: number, b: number) => number,
  ): Promise<{ sorted: number[]; callback: NativeCallback }> {
    const { native, library } = await libc();
    const memory = openMemory(native, 'linux')!;
    const bytes = Buffer.from(new Uint32Array(numbers).buffer);
    const at = (address: number | bigint | undefined): number =>
      memory.copy(BigInt.asUintN(64, BigInt(address ?? 0)), 4).readUInt32LE();
    const callback = native.createCallback({
      returns: 'i32',
      takes: ['address', 'address'],
      whenThrown: 0,
      run: (a, b) => compare(at(a), at(b)),
    });
    await library.callInThread('qsort', bytes, BigInt(numbers.length), 4n, callback);
    callback.free();
    return { sorted: [...new Uint32Array(bytes.buffer, bytes.byteOffset, numbers.length)], callback };
  }

  it('is called from another thread, and its result reaches native code', async () => {
    const { sorted } = await sort([5, 3, 9, 1, 7], (a, b) => a - b);
    expect(sorted).toEqual([1, 3, 5, 7, 9]);
  });

  it('never throws into native code: the call ends and the first failure is kept', async () => {
    const { sorted, callback } = await sort([5, 3, 9], () => {
      throw new Error('in the callback');
    });
    expect([...sorted].sort()).toEqual([3, 5, 9]);
    expect(callback.failure()).toMatchObject({ message: 'in the callback' });
  });

  it('can be freed twice', async () => {
    const { callback } = await sort([2, 1], (a, b) => a - b);
    expect(() => callback.free()).not.toThrow();
  });
});

describe('text and memory', () => {
  it('refuses a NUL inside a text, which native code would read as its end', () => {
    expect(() => wide('a\0b')).toThrow(RangeError);
  });

  it('reads UTF-16 up to its NUL, and lists up to two NULs', () => {
    expect(fromWide(wide('Ünï\u{1f680}'))).toBe('Ünï\u{1f680}');
    expect(fromWideList(Buffer.from('C:\\\0D:\\mnt\0\0rubbish', 'utf16le'))).toEqual(['C:\\', 'D:\\mnt']);
    expect(fromWideList(Buffer.from('\0\0', 'utf16le'))).toEqual([]);
  });

  it('copies what lies at an address, and takes a null pointer for no text', async () => {
    const { native, library } = await libc();
    const memory = openMemory(native, 'linux')!;
    expect(memory.utf8(library.call('strdup', text('häß')).value)).toBe('häß');
    const utf16 = library.call('calloc', 1n, 64n).value;
    library.call('memmove', utf16, wide('日本 hi'), 10n);
    expect(memory.utf16(utf16)).toBe('日本 hi');
    expect(memory.utf8(0n)).toBe('');
  });
});
