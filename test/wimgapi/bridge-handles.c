/* The functions of wimgapi.dll that open and apply WIM files. Signatures, flags and preconditions: Microsoft, "Windows Imaging
 * Interface Reference"; where an error code is not documented, the one other people's programs expect. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "bridge-windows.h"

enum { HANDLE_MAGIC = 0x57494d48, TAG_CHARACTERS = 40 };

static const WCHAR BYTE_ORDER_MARK = 0xFEFF;

struct wim_handle *handle_of(HANDLE handle)
{
    struct wim_handle *found = handle;

    if (found && !IsBadReadPtr(found, sizeof *found) && found->magic == HANDLE_MAGIC)
        return found;
    SetLastError(ERROR_INVALID_HANDLE);
    return NULL;
}

struct wim_handle *wim_of_handle(HANDLE handle)
{
    struct wim_handle *found = handle_of(handle);

    if (found && found->image == 0)
        return found;
    SetLastError(ERROR_INVALID_HANDLE);
    return NULL;
}

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

static DWORD open_file(struct wim_handle *wim, const WCHAR *path, DWORD flags)
{
    if (!unix_path_of(path, wim->file.path))
        return GetLastError();
    wim->file.check_integrity = (flags & WIM_FLAG_VERIFY) != 0;
    call_unix(REQUEST_OPEN, &wim->file);
    if (!wim->file.error && wim->file.is_solid && !(flags & WIM_FLAG_CHUNKED)) {
        call_unix(REQUEST_CLOSE, &wim->file);
        return ERROR_BAD_FORMAT;
    }
    return wim->file.error;
}

/* Microsoft's DLL makes the file at once, too; what is in it before the first capture is its own affair, here nothing. */
static BOOL make_file(const WCHAR *path, DWORD disposition)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    CloseHandle(file);
    return TRUE;
}

static DWORD create_file(struct wim_handle *wim, const WCHAR *path, DWORD flags, DWORD compression)
{
    if (!unix_path_of(path, wim->file.path))
        return GetLastError();
    wim->file.check_integrity = (flags & WIM_FLAG_VERIFY) != 0;
    wim->file.compression = compression;
    call_unix(REQUEST_CREATE, &wim->file);
    return wim->file.error;
}

HANDLE WINAPI WIMCreateFile(PWSTR path, DWORD access, DWORD disposition, DWORD flags, DWORD compression, PDWORD result)
{
    struct wim_handle *wim;
    DWORD error;

    BOOL is_new = disposition == CREATE_NEW || disposition == CREATE_ALWAYS;

    if (is_new && !(access & GENERIC_WRITE))
        return fail(ERROR_INVALID_PARAMETER), NULL;
    if (is_new ? !make_file(path, disposition) : GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        return NULL; /* the last error says why */
    wim = calloc(1, sizeof *wim);
    if (!wim)
        return fail(ERROR_NOT_ENOUGH_MEMORY), NULL;
    wim->file.for_writing = (access & GENERIC_WRITE) != 0;
    error = is_new ? create_file(wim, path, flags, compression) : open_file(wim, path, flags);
    if (error) {
        free(wim);
        return fail(error), NULL;
    }
    wim->magic = HANDLE_MAGIC;
    wim->wim = wim;
    wim->flags = flags;
    GetFullPathNameW(path, MAX_PATH, wim->path, NULL);
    if (result)
        *result = is_new ? WIM_CREATED_NEW : WIM_OPENED_EXISTING;
    SetLastError(ERROR_SUCCESS);
    return wim;
}

BOOL WINAPI WIMCloseHandle(HANDLE object)
{
    struct wim_handle *handle = handle_of(object);
    DWORD error = ERROR_SUCCESS;

    if (!handle)
        return FALSE;
    if (handle->image) {
        InterlockedDecrement(&handle->wim->open_images);
    } else {
        if (handle->open_images)
            return fail(ERROR_SHARING_VIOLATION);
        call_unix(REQUEST_CLOSE, &handle->file);
        error = handle->file.error;
    }
    handle->magic = 0;
    free(handle);
    return error ? fail(error) : TRUE;
}

BOOL WINAPI WIMSetTemporaryPath(HANDLE object, PCWSTR path)
{
    struct wim_handle *wim = wim_of_handle(object);

    if (!wim)
        return FALSE;
    if (!is_directory(path))
        return fail(ERROR_PATH_NOT_FOUND);
    lstrcpynW(wim->temporary_path, path, MAX_PATH);
    return TRUE;
}

DWORD WINAPI WIMGetImageCount(HANDLE object)
{
    struct wim_handle *wim = wim_of_handle(object);

    return wim ? wim->file.image_count : 0;
}

BOOL WINAPI WIMGetAttributes(HANDLE object, WIM_INFO *info, DWORD bytes)
{
    struct wim_handle *wim = wim_of_handle(object);

    if (!wim)
        return FALSE;
    if (!info || bytes < sizeof *info)
        return fail(ERROR_INSUFFICIENT_BUFFER);
    memset(info, 0, sizeof *info);
    lstrcpynW(info->WimPath, wim->path, MAX_PATH);
    memcpy(&info->Guid, wim->file.guid, sizeof info->Guid);
    info->ImageCount = wim->file.image_count;
    info->CompressionType = wim->file.compression;
    info->PartNumber = (USHORT)wim->file.part_number;
    info->TotalParts = (USHORT)wim->file.part_count;
    info->BootIndex = wim->file.boot_index;
    info->WimFlagsAndAttr = wim->flags;
    if (wim->file.has_integrity_table)
        info->WimAttributes |= WIM_ATTRIBUTE_VERIFY_DATA;
    if (wim->file.has_relative_path_fix)
        info->WimAttributes |= WIM_ATTRIBUTE_RP_FIX;
    if (wim->file.part_count > 1)
        info->WimAttributes |= WIM_ATTRIBUTE_SPANNED;
    if (wim->file.is_readonly)
        info->WimAttributes |= WIM_ATTRIBUTE_READONLY;
    return TRUE;
}

HANDLE image_handle(struct wim_handle *wim, DWORD index)
{
    struct wim_handle *image = calloc(1, sizeof *image);

    if (!image)
        return fail(ERROR_NOT_ENOUGH_MEMORY), NULL;
    image->magic = HANDLE_MAGIC;
    image->image = index;
    image->wim = wim;
    InterlockedIncrement(&wim->open_images);
    return image;
}

HANDLE WINAPI WIMLoadImage(HANDLE object, DWORD index)
{
    struct wim_handle *wim = wim_of_handle(object);

    if (!wim)
        return NULL;
    if (index == 0 || index > wim->file.image_count)
        return fail(ERROR_INVALID_PARAMETER), NULL;
    /* "You must call the WIMSetTemporaryPath function before calling the WIMLoadImage function" */
    if (!wim->temporary_path[0])
        return fail(ERROR_PATH_NOT_FOUND), NULL;
    return image_handle(wim, index);
}

/* The whole XML of the WIM as UTF-16 with a terminating zero; the caller frees it. NULL with the last error set. */
static WCHAR *read_xml(struct wim_handle *wim)
{
    struct xml_request request = { .wim = wim->file.wim };

    call_unix(REQUEST_XML, &request);
    if (request.error || request.length == 0)
        return fail(request.error ? request.error : ERROR_INVALID_DATA), NULL;
    request.capacity = request.length;
    request.buffer = calloc(1, request.length + sizeof(WCHAR));
    if (!request.buffer)
        return fail(ERROR_NOT_ENOUGH_MEMORY), NULL;
    call_unix(REQUEST_XML, &request);
    return (WCHAR *)request.buffer;
}

/* For a WIM its whole XML, for an image its <IMAGE> element; with a byte order mark, to be freed with LocalFree. */
BOOL WINAPI WIMGetImageInformation(HANDLE object, PVOID *information, PDWORD bytes)
{
    struct wim_handle *handle = handle_of(object);
    WCHAR *xml, *start, *end, *copy;
    SIZE_T length;

    if (!handle || !(xml = read_xml(handle->wim)))
        return FALSE;
    start = *xml == BYTE_ORDER_MARK ? xml + 1 : xml;
    end = start + wcslen(start);
    if (handle->image) {
        const WCHAR closing[] = L"</IMAGE>";
        WCHAR opening[TAG_CHARACTERS];

        _snwprintf(opening, TAG_CHARACTERS, L"<IMAGE INDEX=\"%lu\"", handle->image);
        start = wcsstr(start, opening);
        end = start ? wcsstr(start, closing) : NULL;
        if (!end) {
            free(xml);
            return fail(ERROR_INVALID_DATA);
        }
        end += wcslen(closing);
    }
    length = (SIZE_T)(end - start);
    copy = LocalAlloc(LPTR, (length + 2) * sizeof(WCHAR));
    copy[0] = BYTE_ORDER_MARK;
    memcpy(copy + 1, start, length * sizeof(WCHAR));
    free(xml);
    *information = copy;
    *bytes = (DWORD)((length + 1) * sizeof(WCHAR));
    return TRUE;
}

BOOL WINAPI WIMApplyImage(HANDLE object, PCWSTR path, DWORD flags)
{
    struct wim_handle *image = handle_of(object);
    struct apply_request request = { 0 };
    WCHAR target[MAX_PATH] = L"";
    DWORD error;

    if (!image)
        return FALSE;
    if (image->image == 0)
        return fail(ERROR_INVALID_HANDLE);
    if (path) {
        if (!is_directory(path))
            return fail(ERROR_PATH_NOT_FOUND);
        if (!unix_path_of(path, request.target))
            return FALSE;
        GetFullPathNameW(path, MAX_PATH, target, NULL);
    } else if (!(flags & WIM_FLAG_NO_APPLY)) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    request.wim = image->wim->file.wim;
    request.image = image->image;
    request.nothing_written = (flags & WIM_FLAG_NO_APPLY) != 0;
    request.with_file_info = (flags & WIM_FLAG_FILEINFO) != 0;
    call_unix(REQUEST_APPLY, &request);
    error = request.error ? request.error : deliver_messages(image->wim, request.job, target);
    SetLastError(error);
    return error == ERROR_SUCCESS;
}
