/* wimtest.exe WIM TARGET [WORD...]: applies an image through whatever wimgapi.dll lies beside it and prints what happened as one JSON
 * line; the smoke test of the bridge, without Node in between. Exit code 0 when applied, 1 when not, 2 when there is no wimgapi.dll.
 *
 *   index=N       image (1)                       verify        WIM_FLAG_VERIFY on opening
 *   abort=N       abort at the Nth file           chunked       accept solid files
 *   skip=TEXT     leave out files with TEXT       fileinfo      WIM_FLAG_FILEINFO
 *   notemp        no WIMSetTemporaryPath          noapply       WIM_FLAG_NO_APPLY */
#include <stdio.h>
#include <wchar.h>

#include "wimgapi.h"

struct wishes {
    DWORD index, abort_at, open_flags, apply_flags;
    BOOL no_temporary_path;
    const WCHAR *skip;
};

struct counts {
    const struct wishes *wishes;
    DWORD calling_thread;
    unsigned progress, process, range, position, file_info, error, other_thread, backwards;
    int last_percent;
};

struct library {
    HANDLE(WINAPI *create_file)(PCWSTR, DWORD, DWORD, DWORD, DWORD, PDWORD);
    BOOL(WINAPI *close_handle)(HANDLE);
    BOOL(WINAPI *set_temporary_path)(HANDLE, PCWSTR);
    DWORD(WINAPI *get_image_count)(HANDLE);
    BOOL(WINAPI *get_attributes)(HANDLE, WIM_INFO *, DWORD);
    HANDLE(WINAPI *load_image)(HANDLE, DWORD);
    BOOL(WINAPI *apply_image)(HANDLE, PCWSTR, DWORD);
    BOOL(WINAPI *get_image_information)(HANDLE, PVOID *, PDWORD);
    DWORD(WINAPI *register_callback)(HANDLE, FARPROC, PVOID);
    BOOL(WINAPI *unregister_callback)(HANDLE, FARPROC);
};

static DWORD CALLBACK on_message(DWORD message, WPARAM wparam, LPARAM lparam, PVOID context)
{
    struct counts *counts = context;
    const struct wishes *wishes = counts->wishes;

    if (GetCurrentThreadId() != counts->calling_thread)
        counts->other_thread++;
    switch (message) {
    case WIM_MSG_PROGRESS:
        counts->progress++;
        counts->backwards += (int)wparam < counts->last_percent;
        counts->last_percent = (int)wparam;
        break;
    case WIM_MSG_PROCESS:
        counts->process++;
        if (wishes->skip && wcsstr((const WCHAR *)wparam, wishes->skip))
            *(BOOL *)lparam = FALSE;
        if (wishes->abort_at && counts->process >= wishes->abort_at)
            return WIM_MSG_ABORT_IMAGE;
        break;
    case WIM_MSG_SETRANGE:
        counts->range = (unsigned)lparam;
        break;
    case WIM_MSG_SETPOS:
        counts->position = (unsigned)lparam;
        break;
    case WIM_MSG_FILEINFO:
        counts->file_info++;
        break;
    case WIM_MSG_ERROR:
        counts->error = (unsigned)lparam;
        break;
    }
    return 0;
}

static struct wishes read_wishes(int count, WCHAR **words)
{
    struct wishes wishes = { .index = 1 };

    for (int i = 3; i < count; i++) {
        const WCHAR *word = words[i];

        if (!wcsncmp(word, L"index=", 6))
            wishes.index = _wtoi(word + 6);
        else if (!wcsncmp(word, L"abort=", 6))
            wishes.abort_at = _wtoi(word + 6);
        else if (!wcsncmp(word, L"skip=", 5))
            wishes.skip = word + 5;
        else if (!wcscmp(word, L"verify"))
            wishes.open_flags |= WIM_FLAG_VERIFY;
        else if (!wcscmp(word, L"chunked"))
            wishes.open_flags |= WIM_FLAG_CHUNKED;
        else if (!wcscmp(word, L"fileinfo"))
            wishes.apply_flags |= WIM_FLAG_FILEINFO;
        else if (!wcscmp(word, L"noapply"))
            wishes.apply_flags |= WIM_FLAG_NO_APPLY;
        else if (!wcscmp(word, L"notemp"))
            wishes.no_temporary_path = TRUE;
    }
    return wishes;
}

static BOOL load_library(struct library *library)
{
    HMODULE dll = LoadLibraryW(L"wimgapi.dll");

    if (!dll)
        return FALSE;
    library->create_file = (void *)GetProcAddress(dll, "WIMCreateFile");
    library->close_handle = (void *)GetProcAddress(dll, "WIMCloseHandle");
    library->set_temporary_path = (void *)GetProcAddress(dll, "WIMSetTemporaryPath");
    library->get_image_count = (void *)GetProcAddress(dll, "WIMGetImageCount");
    library->get_attributes = (void *)GetProcAddress(dll, "WIMGetAttributes");
    library->load_image = (void *)GetProcAddress(dll, "WIMLoadImage");
    library->apply_image = (void *)GetProcAddress(dll, "WIMApplyImage");
    library->get_image_information = (void *)GetProcAddress(dll, "WIMGetImageInformation");
    library->register_callback = (void *)GetProcAddress(dll, "WIMRegisterMessageCallback");
    library->unregister_callback = (void *)GetProcAddress(dll, "WIMUnregisterMessageCallback");
    return library->create_file && library->apply_image && library->unregister_callback;
}

static int failed(const char *call)
{
    printf("{\"failed\":\"%s\",\"error\":%lu}\n", call, GetLastError());
    return 1;
}

static int apply(const struct library *wim_library, const WCHAR *path, const WCHAR *target, const struct wishes *wishes)
{
    struct counts counts = { .wishes = wishes, .calling_thread = GetCurrentThreadId(), .last_percent = -1 };
    WCHAR temporary[MAX_PATH], *xml;
    DWORD result, error, xml_bytes = 0, wim_busy;
    WIM_INFO info;
    HANDLE wim, image;
    BOOL applied;

    SetLastError(ERROR_SUCCESS);
    wim = wim_library->create_file(path, GENERIC_READ, OPEN_EXISTING, wishes->open_flags, 0, &result);
    if (!wim)
        return failed("WIMCreateFile");
    if (!wim_library->get_attributes(wim, &info, sizeof info))
        return failed("WIMGetAttributes");
    GetTempPathW(MAX_PATH, temporary);
    if (!wishes->no_temporary_path && !wim_library->set_temporary_path(wim, temporary))
        return failed("WIMSetTemporaryPath");
    if (wim_library->register_callback(wim, (FARPROC)(void *)on_message, &counts) == INVALID_CALLBACK_VALUE)
        return failed("WIMRegisterMessageCallback");
    image = wim_library->load_image(wim, wishes->index);
    if (!image)
        return failed("WIMLoadImage");
    if (!wim_library->get_image_information(image, (PVOID *)&xml, &xml_bytes))
        return failed("WIMGetImageInformation");
    LocalFree(xml);
    applied = wim_library->apply_image(image, target, wishes->apply_flags);
    error = GetLastError();
    wim_busy = wim_library->close_handle(wim) ? 0 : GetLastError();
    wim_library->unregister_callback(wim, (FARPROC)(void *)on_message);
    wim_library->close_handle(image);
    wim_library->close_handle(wim);
    printf("{\"applied\":%s,\"error\":%lu,\"images\":%lu,\"bootIndex\":%lu,\"attributes\":%lu,\"xmlBytes\":%lu,", applied ? "true" : "false",
           error, info.ImageCount, info.BootIndex, info.WimAttributes, xml_bytes);
    printf("\"closeWhileImageOpen\":%lu,\"percent\":%d,\"backwards\":%u,\"progress\":%u,\"process\":%u,", wim_busy, counts.last_percent,
           counts.backwards, counts.progress, counts.process);
    printf("\"range\":%u,\"position\":%u,\"fileInfo\":%u,\"errorMessage\":%u,\"otherThread\":%u}\n", counts.range, counts.position,
           counts.file_info, counts.error, counts.other_thread);
    return applied ? 0 : 1;
}

int wmain(int count, WCHAR **words)
{
    struct library library;
    struct wishes wishes = read_wishes(count, words);

    if (count < 3)
        return 2;
    if (!load_library(&library)) {
        failed("LoadLibrary wimgapi.dll");
        return 2;
    }
    return apply(&library, words[1], words[2], &wishes);
}
