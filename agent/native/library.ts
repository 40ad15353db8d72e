// The one file that knows ffi-rs: opening a native library, calling its declared functions here or on a thread of their own, and callbacks.
// What ffi-rs gets wrong when used otherwise is fenced off here: a callback is only ever called from another thread than JavaScript's,
// takes pointers as 64-bit integers (External crashes), never throws (a throw aborts the process) and always returns a number.
import { loadFfi } from './addon.ts';

/** How one value travels. `address` is any 64-bit integer: pointer, handle, size. `bytes` is passed by address and may be written to. */
export type NativeType = 'i32' | 'u32' | 'address' | 'bytes' | 'callback';

/** A function as its header declares it. */
export interface FunctionShape {
  readonly returns: 'i32' | 'u32' | 'address' | 'void';
  readonly takes: readonly NativeType[];
}
export type Declarations = Readonly<Record<string, FunctionShape>>;

interface Values {
  readonly i32: number;
  readonly u32: number;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly callback: NativeCallback;
  readonly void: undefined;
}
type Arguments<Takes extends readonly NativeType[]> = {
  readonly [Index in keyof Takes]: Values[Takes[Index]];
};

/** What a call gave. `lastError` is GetLastError (Windows) or errno, read on the calling thread; meaningless when the call succeeded. */
export interface NativeResult<Value> {
  readonly value: Value;
  readonly lastError: number;
}

/** An opened library. It stays loaded as long as the process lives: unloading code that a thread may still run is never safe. */
export interface NativeLibrary<Declared extends Declarations> {
  /** The candidate that could be loaded. */
  readonly path: string;
  /** Calls on this thread and blocks it. For short calls that call nothing back. */
  call<Name extends keyof Declared & string>(
    name: Name,
    ...values: Arguments<Declared[Name]['takes']>
  ): NativeResult<Values[Declared[Name]['returns']]>;
  /** Calls on a thread of the pool; the only way to call a function that calls back. */
  callInThread<Name extends keyof Declared & string>(
    name: Name,
    ...values: Arguments<Declared[Name]['takes']>
  ): Promise<NativeResult<Values[Declared[Name]['returns']]>>;
}

/** The result of looking for a library: opened, or what the loader said to each name. */
export type OpenedLibrary<Declared extends Declarations> =
  | { readonly library: NativeLibrary<Declared>; readonly tried?: undefined }
  | { readonly library?: undefined; readonly tried: readonly string[] };

/** What native code calls. Pointers arrive as integers, good only until `run` returns. */
export interface CallbackShape {
  readonly returns: 'i32' | 'u32';
  readonly takes: readonly ('i32' | 'u32' | 'address')[];
  run(...values: readonly (number | bigint)[]): number;
  /** What native code is told when `run` throws; the thrown value is kept for `failure`. */
  readonly whenThrown: number;
}

/** A JavaScript function that native code may call. Free it when no native code can call it any more, or the process does not end. */
export interface NativeCallback {
  readonly pointer: unknown;
  /** What `run` threw first, if it did. */
  failure(): unknown;
  free(): void;
}

export interface Native {
  /** Loads the first of `candidates` (names or paths) that can be loaded. */
  openLibrary<const Declared extends Declarations>(
    candidates: readonly string[],
    declared: Declared,
  ): OpenedLibrary<Declared>;
  createCallback(shape: CallbackShape): NativeCallback;
}

/**
 * Loads ffi-rs. Only then is its native add-on read, so that commands that need no native code start without it.
 * @param addonFolders where the executable may lay its add-on, see addon.ts.
 */
export async function openNative(addonFolders?: readonly string[]): Promise<Native> {
  const ffi = await loadFfi(addonFolders);
  const { DataType } = ffi;
  const types = {
    i32: DataType.I32,
    u32: DataType.U32,
    address: DataType.BigInt,
    bytes: DataType.U8Array,
    callback: DataType.External,
    void: DataType.Void,
  } as const;
  // Memory that a running call points to must not be collected before the call ends.
  const inFlight = new Set<readonly unknown[]>();

  return {
    openLibrary<const Declared extends Declarations>(
      candidates: readonly string[],
      declared: Declared,
    ): OpenedLibrary<Declared> {
      const tried: string[] = [];
      for (const path of candidates) {
        try {
          ffi.open({ library: path, path });
        } catch (thrown) {
          tried.push(`${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
          continue;
        }
        return { library: openedLibrary(path, declared) };
      }
      return { tried };
    },

    createCallback(shape) {
      let failed: { readonly thrown: unknown } | undefined;
      const type = ffi.funcConstructor({
        paramsType: shape.takes.map(name => types[name]),
        retType: types[shape.returns],
      });
      const guarded = (...values: readonly (number | bigint)[]): number => {
        try {
          return asReturned(shape.run(...values), shape.returns);
        } catch (thrown) {
          failed ??= { thrown };
          return asReturned(shape.whenThrown, shape.returns);
        }
      };
      const pointers = ffi.createPointer({ paramsType: [type], paramsValue: [guarded] });
      let freed = false;
      return {
        pointer: ffi.unwrapPointer(pointers)[0],
        failure: () => failed?.thrown,
        free() {
          if (freed) return;
          freed = true;
          ffi.freePointer({
            paramsType: [type],
            paramsValue: pointers,
            pointerType: ffi.PointerType.RsPointer,
          });
        },
      };
    },
  };

  function openedLibrary<Declared extends Declarations>(
    path: string,
    declared: Declared,
  ): NativeLibrary<Declared> {
    const returnsOf = <Name extends keyof Declared & string>(name: Name): Declared[Name]['returns'] =>
      declared[name]!.returns;
    const request = (name: string, values: readonly unknown[]) => {
      const shape = declared[name]!;
      return {
        library: path,
        funcName: name,
        retType: types[shape.returns],
        paramsType: shape.takes.map(type => types[type]),
        paramsValue: values.map(asPassed),
        errno: true,
      } as const;
    };
    return {
      path,
      call(name, ...values) {
        return asResult(ffi.load(request(name, values)), returnsOf(name));
      },
      async callInThread(name, ...values) {
        inFlight.add(values);
        try {
          const answer: unknown = await ffi.load({ ...request(name, values), runInNewThread: true });
          return asResult(answer, returnsOf(name));
        } finally {
          inFlight.delete(values);
        }
      },
    };
  }
}

function asPassed(value: unknown): unknown {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value);
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'object' && value !== null && 'pointer' in value) return value.pointer;
  return value;
}

function asReturned(value: number, type: 'i32' | 'u32'): number {
  return type === 'u32' ? value >>> 0 : value | 0;
}

/** ffi-rs types its answer by DataType; here it becomes what the declaration says. The one place where native results are trusted. */
function asResult<Type extends keyof Values>(answer: unknown, type: Type): NativeResult<Values[Type]> {
  const { value, errnoCode } = answer as { readonly value: unknown; readonly errnoCode: number };
  const given =
    type === 'void' ? undefined : type === 'address' ? BigInt.asUintN(64, value as bigint) : Number(value);
  return { value: given as Values[Type], lastError: errnoCode };
}
