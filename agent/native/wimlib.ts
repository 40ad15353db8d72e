// libwim (wimlib) as its header declares it: functions, numbers and the places of fields in its structures. No policy.
// Source: wimlib 1.13/1.14 include/wimlib.h; offsets compiled on x86-64 and the same in both.

/** Functions of libwim. `const wimlib_tchar *` is `bytes` (see text.ts); an enum or a pointer result is what its ABI says. */
export const WIMLIB = {
  wimlib_global_init: { returns: 'i32', takes: ['i32'] },
  wimlib_get_version: { returns: 'u32', takes: [] },
  wimlib_get_error_string: { returns: 'address', takes: ['i32'] },
  wimlib_open_wim_with_progress: { returns: 'i32', takes: ['bytes', 'i32', 'bytes', 'callback', 'address'] },
  wimlib_create_new_wim: { returns: 'i32', takes: ['i32', 'bytes'] },
  wimlib_register_progress_function: { returns: 'void', takes: ['address', 'callback', 'address'] },
  wimlib_iterate_dir_tree: {
    returns: 'i32',
    takes: ['address', 'i32', 'bytes', 'i32', 'callback', 'address'],
  },
  wimlib_extract_image: { returns: 'i32', takes: ['address', 'i32', 'bytes', 'i32'] },
  /** The last-but-one argument (`config_file`) is only ever null here. */
  wimlib_add_image: { returns: 'i32', takes: ['address', 'bytes', 'bytes', 'address', 'i32'] },
  /** Spelled so in the header. */
  wimlib_set_image_descripton: { returns: 'i32', takes: ['address', 'i32', 'bytes'] },
  wimlib_set_wim_info: { returns: 'i32', takes: ['address', 'bytes', 'i32'] },
  wimlib_write: { returns: 'i32', takes: ['address', 'bytes', 'i32', 'i32', 'u32'] },
  wimlib_free: { returns: 'void', takes: ['address'] },
} as const;

/** Names under which the library is known, best first. */
export const WIMLIB_NAMES = { windows: ['libwim-15.dll'], linux: ['libwim.so.15', 'libwim.so'] } as const;

/** `enum wimlib_progress_status progfunc(enum wimlib_progress_msg, union wimlib_progress_info *, void *)` */
export const PROGRESS_FUNCTION = { returns: 'i32', takes: ['i32', 'address', 'address'] } as const;
export const PROGRESS_CONTINUE = 0;
export const PROGRESS_ABORT = 1;

/** `int callback(const struct wimlib_dir_entry *, void *)`; 0 goes on. The entry's name (u64) is its first field. */
export const DIR_ENTRY_FUNCTION = { returns: 'i32', takes: ['address', 'address'] } as const;
export const DIR_ENTRY = { filename: 0, lengthBytes: 8 } as const;
export const ITERATE_CHILDREN = 2;

/** `enum wimlib_progress_msg` */
export const MESSAGE = { extractStreams: 4, scanDentry: 10, writeStreams: 12 } as const;

/** Where in `union wimlib_progress_info` the two numbers of progress lie (both u64). */
export const PROGRESS_FIELDS = {
  extract: { totalBytes: 40, completedBytes: 48, lengthBytes: 112 },
  writeStreams: { totalBytes: 0, completedBytes: 16, lengthBytes: 56 },
} as const;

/** `enum wimlib_compression_type` */
export const COMPRESSION = { none: 0, xpress: 1, lzx: 2 } as const;

/** `struct wimlib_wim_info` and WIMLIB_CHANGE_BOOT_INDEX of wimlib_set_wim_info. */
export const WIM_INFO = { lengthBytes: 88, bootIndex: 20 } as const;
export const CHANGE_BOOT_INDEX = 4;

export const ALL_IMAGES = -1;
/** Not on Windows, and only in builds with libntfs-3g: the target is a block device or plain file that holds an NTFS volume, mounted nowhere. */
export const EXTRACT_NTFS = 0x01;
/** Of effect in Windows builds alone, for what is captured from folders. */
export const ADD_NO_ACLS = 0x20;
export const WRITE_CHECK_INTEGRITY = 0x01;
export const WRITE_FSYNC = 0x20;

/** `enum wimlib_error_code`, as far as a decision hangs on it. */
export const ERROR = {
  decompression: 2,
  imageCount: 10,
  integrity: 13,
  invalidChunkSize: 15,
  invalidHeader: 17,
  invalidImage: 18,
  invalidIntegrityTable: 19,
  invalidLookupTableEntry: 20,
  invalidMetadataResource: 21,
  invalidResourceHash: 28,
  notAWimFile: 43,
  open: 47,
  opendir: 48,
  read: 50,
  resourceNotFound: 55,
  unexpectedEndOfFile: 65,
  unknownVersion: 67,
  unsupported: 68,
  write: 72,
  xml: 73,
  abortedByProgress: 76,
} as const;
