/* The way to the Linux side. A DLL marked as builtin, with a .so of its name in $WINEDLLPATH, gets what Wine calls unix calls.
 * Debian's libwine-dev has no header for them; the three things needed are looked up by name. Source: Wine, include/wine/unixlib.h. */
#include <stdio.h>
#include <string.h>

#include "bridge-windows.h"

enum { MEMORY_WINE_UNIX_FUNCS = 1000, LONG_PATH_CHARACTERS = 4 * MAX_PATH };

typedef LONG(WINAPI *unix_call_dispatcher)(UINT64 functions, unsigned number, void *argument);
typedef LONG(WINAPI *query_virtual_memory)(HANDLE, LPCVOID, int, PVOID, SIZE_T, SIZE_T *);
typedef char *(CDECL *get_unix_file_name)(LPCWSTR);

static UINT64 unix_functions;
static unix_call_dispatcher dispatch;
static get_unix_file_name wine_get_unix_file_name;

static void *function(const WCHAR *module, const char *name)
{
    return (void *)GetProcAddress(GetModuleHandleW(module), name);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    query_virtual_memory query;
    unix_call_dispatcher *dispatcher;
    LONG status;

    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    query = (query_virtual_memory)function(L"ntdll.dll", "NtQueryVirtualMemory");
    dispatcher = function(L"ntdll.dll", "__wine_unix_call_dispatcher");
    wine_get_unix_file_name = (get_unix_file_name)function(L"kernel32.dll", "wine_get_unix_file_name");
    status = query(GetCurrentProcess(), instance, MEMORY_WINE_UNIX_FUNCS, &unix_functions, sizeof unix_functions, NULL);
    if (status || !dispatcher || !wine_get_unix_file_name) {
        fprintf(stderr, "wimbridge: wimbridge.so was not found through WINEDLLPATH (status %08lx)\n", status);
        return FALSE;
    }
    dispatch = *dispatcher;
    DisableThreadLibraryCalls(instance);
    return TRUE;
}

DWORD call_unix(enum request request, void *argument)
{
    return (DWORD)dispatch(unix_functions, request, argument);
}

BOOL unix_path_of(const WCHAR *path, char *unix_path)
{
    WCHAR full[LONG_PATH_CHARACTERS];
    char *found;
    size_t length;

    if (!path || !*path || !GetFullPathNameW(path, LONG_PATH_CHARACTERS, full, NULL)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    found = wine_get_unix_file_name(full);
    if (!found) {
        if (!GetLastError())
            SetLastError(ERROR_PATH_NOT_FOUND);
        return FALSE;
    }
    lstrcpynA(unix_path, found, PATH_BYTES);
    HeapFree(GetProcessHeap(), 0, found);
    for (length = strlen(unix_path); length > 1 && unix_path[length - 1] == '/';)
        unix_path[--length] = 0;
    return TRUE;
}

BOOL is_directory(const WCHAR *path)
{
    DWORD attributes = path ? GetFileAttributesW(path) : INVALID_FILE_ATTRIBUTES;

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}
