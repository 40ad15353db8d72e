/* libwim's errors as the Windows codes that wimgapi.dll is documented, or seen, to set. A guess where nothing is known: the codes of
 * Microsoft's DLL for damaged files are not documented. */
#include <errno.h>
#include <wimlib.h>

#include "bridge-unix.h"

/* winerror.h; Linux has no such header. */
enum {
    WINDOWS_SUCCESS = 0,
    WINDOWS_FILE_NOT_FOUND = 2,
    WINDOWS_PATH_NOT_FOUND = 3,
    WINDOWS_ACCESS_DENIED = 5,
    WINDOWS_NOT_ENOUGH_MEMORY = 8,
    WINDOWS_BAD_FORMAT = 11,
    WINDOWS_INVALID_DATA = 13,
    WINDOWS_WRITE_PROTECT = 19,
    WINDOWS_WRITE_FAULT = 29,
    WINDOWS_READ_FAULT = 30,
    WINDOWS_NOT_SUPPORTED = 50,
    WINDOWS_INVALID_PARAMETER = 87,
    WINDOWS_DISK_FULL = 112,
    WINDOWS_DIR_NOT_EMPTY = 145,
    WINDOWS_ALREADY_EXISTS = 183,
    WINDOWS_IO_DEVICE = 1117,
    WINDOWS_NOT_FOUND = 1168,
    WINDOWS_FILE_CORRUPT = 1392,
    WINDOWS_INVALID_INDEX = 1413,
};

static uint32_t error_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return WINDOWS_DISK_FULL;
    case ENOENT:
        return WINDOWS_FILE_NOT_FOUND;
    case ENOTDIR:
        return WINDOWS_PATH_NOT_FOUND;
    case EACCES:
    case EPERM:
        return WINDOWS_ACCESS_DENIED;
    case EROFS:
        return WINDOWS_WRITE_PROTECT;
    case EIO:
        return WINDOWS_IO_DEVICE;
    case EEXIST:
        return WINDOWS_ALREADY_EXISTS;
    case ENOTEMPTY:
        return WINDOWS_DIR_NOT_EMPTY;
    default:
        return WINDOWS_SUCCESS;
    }
}

uint32_t windows_error(int wimlib_error, int errno_after)
{
    uint32_t from_errno;

    switch (wimlib_error) {
    case 0:
        return WINDOWS_SUCCESS;
    case WIMLIB_ERR_ABORTED_BY_PROGRESS:
        return WINDOWS_REQUEST_ABORTED;
    case WIMLIB_ERR_INTEGRITY:
    case WIMLIB_ERR_DECOMPRESSION:
    case WIMLIB_ERR_INVALID_RESOURCE_HASH:
    case WIMLIB_ERR_INVALID_METADATA_RESOURCE:
    case WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY:
    case WIMLIB_ERR_INVALID_INTEGRITY_TABLE:
    case WIMLIB_ERR_INVALID_HEADER:
    case WIMLIB_ERR_INVALID_CHUNK_SIZE:
    case WIMLIB_ERR_UNEXPECTED_END_OF_FILE:
    case WIMLIB_ERR_IMAGE_COUNT:
    case WIMLIB_ERR_XML:
        return WINDOWS_INVALID_DATA;
    case WIMLIB_ERR_NOT_A_WIM_FILE:
    case WIMLIB_ERR_UNKNOWN_VERSION:
    case WIMLIB_ERR_WIM_IS_ENCRYPTED:
    case WIMLIB_ERR_WIM_IS_INCOMPLETE:
        return WINDOWS_BAD_FORMAT;
    case WIMLIB_ERR_INVALID_IMAGE:
        return WINDOWS_INVALID_INDEX;
    case WIMLIB_ERR_RESOURCE_NOT_FOUND:
    case WIMLIB_ERR_METADATA_NOT_FOUND:
        return WINDOWS_NOT_FOUND;
    case WIMLIB_ERR_NOMEM:
        return WINDOWS_NOT_ENOUGH_MEMORY;
    case WIMLIB_ERR_INVALID_PARAM:
        return WINDOWS_INVALID_PARAMETER;
    case WIMLIB_ERR_UNSUPPORTED:
    case WIMLIB_ERR_UNSUPPORTED_FILE:
        return WINDOWS_NOT_SUPPORTED;
    }
    /* libwim only says "could not write"; errno says why. */
    from_errno = error_of_errno(errno_after);
    if (from_errno != WINDOWS_SUCCESS)
        return from_errno;
    switch (wimlib_error) {
    case WIMLIB_ERR_OPEN:
        return WINDOWS_FILE_NOT_FOUND;
    case WIMLIB_ERR_WRITE:
        return WINDOWS_WRITE_FAULT;
    case WIMLIB_ERR_READ:
        return WINDOWS_READ_FAULT;
    default:
        return WINDOWS_FILE_CORRUPT;
    }
}
