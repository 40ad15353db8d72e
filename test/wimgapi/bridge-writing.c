/* The functions of wimgapi.dll that write: capturing a folder, naming an image, choosing the bootable one. Signatures, flags and
 * preconditions: Microsoft, "Windows Imaging Interface Reference". */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "bridge-windows.h"

static const WCHAR BYTE_ORDER_MARK = 0xFEFF;

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* Flags change nothing here: libwim on Linux sees no rights, and what it is given has no links. */
HANDLE WINAPI WIMCaptureImage(HANDLE object, PCWSTR path, DWORD flags)
{
    struct wim_handle *wim = wim_of_handle(object);
    struct capture_request request = { 0 };
    WCHAR source[MAX_PATH] = L"";
    DWORD error;

    (void)flags;
    if (!wim)
        return NULL;
    if (!wim->file.for_writing)
        return fail(ERROR_ACCESS_DENIED), NULL;
    if (!is_directory(path))
        return fail(ERROR_PATH_NOT_FOUND), NULL;
    /* Documented is only that temporary files lie there during a capture; the default would be somebody else's place. */
    if (!wim->temporary_path[0])
        return fail(ERROR_PATH_NOT_FOUND), NULL;
    if (!unix_path_of(path, request.source))
        return NULL;
    GetFullPathNameW(path, MAX_PATH, source, NULL);
    request.file = &wim->file;
    call_unix(REQUEST_CAPTURE, &request);
    error = request.error ? request.error : deliver_messages(wim, request.job, source);
    if (error)
        return fail(error), NULL;
    return image_handle(wim, wim->file.image_count);
}

/* Replaces the five entities of XML in place. */
static void resolve_entities(WCHAR *text)
{
    static const struct {
        const WCHAR *entity;
        WCHAR character;
    } entities[] = { { L"&amp;", L'&' }, { L"&lt;", L'<' }, { L"&gt;", L'>' }, { L"&quot;", L'"' }, { L"&apos;", L'\'' } };
    WCHAR *to = text;

    for (const WCHAR *from = text; *from;) {
        size_t length = 1;

        *to = *from;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
            if (wcsncmp(from, entities[i].entity, wcslen(entities[i].entity)) != 0)
                continue;
            *to = entities[i].character;
            length = wcslen(entities[i].entity);
            break;
        }
        from += length;
        to++;
    }
    *to = 0;
}

/* The text of the first such element as UTF-8, to be freed; empty when there is none. */
static char *text_of(const WCHAR *xml, const WCHAR *opening, const WCHAR *closing)
{
    const WCHAR *start = wcsstr(xml, opening);
    const WCHAR *end = start ? wcsstr(start, closing) : NULL;
    WCHAR *text;
    char *utf8;
    int bytes;

    if (!end)
        return calloc(1, 1);
    start += wcslen(opening);
    text = calloc((size_t)(end - start) + 1, sizeof *text);
    memcpy(text, start, (size_t)(end - start) * sizeof *text);
    resolve_entities(text);
    bytes = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    utf8 = calloc(1, (size_t)bytes + 1);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, bytes, NULL, NULL);
    free(text);
    return utf8;
}

static DWORD set_text(struct wim_handle *image, const char *name, char *value)
{
    struct property_request request = { .file = &image->wim->file, .image = image->image, .name = name, .value = value };

    call_unix(REQUEST_SET_PROPERTY, &request);
    free(value);
    return request.error;
}

/* "must be the memory representation of a Unicode XML file", "enclosed by <IMAGE></IMAGE> tags" for the handle of an image; "replaces any
 * customized image data". Here name and description alone are taken, and the handle of a WIM is refused. */
BOOL WINAPI WIMSetImageInformation(HANDLE object, PVOID information, DWORD bytes)
{
    struct wim_handle *image = handle_of(object);
    WCHAR *xml;
    DWORD error;

    if (!image)
        return FALSE;
    if (!image->image || !image->wim->file.for_writing)
        return fail(image->image ? ERROR_ACCESS_DENIED : ERROR_NOT_SUPPORTED);
    if (!information || bytes < 2 * sizeof *xml || bytes % sizeof *xml || *(WCHAR *)information != BYTE_ORDER_MARK)
        return fail(ERROR_XML_PARSE_ERROR);
    xml = calloc(1, bytes + sizeof *xml);
    memcpy(xml, (WCHAR *)information + 1, bytes - sizeof *xml);
    if (wcsncmp(xml, L"<IMAGE>", 7) != 0 || !wcsstr(xml, L"</IMAGE>")) {
        free(xml);
        return fail(ERROR_XML_PARSE_ERROR);
    }
    error = set_text(image, "NAME", text_of(xml, L"<NAME>", L"</NAME>"));
    if (!error)
        error = set_text(image, "DESCRIPTION", text_of(xml, L"<DESCRIPTION>", L"</DESCRIPTION>"));
    free(xml);
    return error ? fail(error) : TRUE;
}

/* "If the input value for the dwImageIndex is zero, then none of the images in the .wim file are marked for boot." */
BOOL WINAPI WIMSetBootImage(HANDLE object, DWORD index)
{
    struct wim_handle *wim = wim_of_handle(object);
    struct property_request request = { .image = index };

    if (!wim)
        return FALSE;
    if (!wim->file.for_writing)
        return fail(ERROR_ACCESS_DENIED);
    if (index > wim->file.image_count)
        return fail(ERROR_INVALID_PARAMETER);
    request.file = &wim->file;
    call_unix(REQUEST_SET_BOOT_IMAGE, &request);
    return request.error ? fail(request.error) : TRUE;
}
