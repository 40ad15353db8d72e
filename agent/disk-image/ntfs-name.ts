// How a name lies in a record and in an index (ntfs-3g layout.h, FILE_NAME_ATTR).

/** Where its characters begin; their number is the byte 64, its kind the byte 65. */
export const NAME_AT = 66;
/** A short name that only exists for old programs. */
export const DOS_NAMESPACE = 2;
