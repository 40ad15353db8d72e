/* The tools of Windows that Wine lacks (diskpart.exe, bcdboot.exe, wpeutil.exe ...), one program under all their names: hands its words to
 * /pe/serve-tools, waits for the answer, prints it and ends with its exit code. Files below /run/tools: <id>.words, <id>.out, <id>.code; the
 * named pipe `calls` takes the id. */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define FOLDER L"\\\\?\\unix\\run\\tools\\"
enum { WAIT_MS = 10, PATIENCE_MS = 600000, EXIT_NOT_ANSWERED = 90 };

static HANDLE open_file(const WCHAR *name, DWORD access, DWORD disposition)
{
    WCHAR path[MAX_PATH];

    swprintf(path, MAX_PATH, FOLDER L"%ls", name);
    return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, disposition, 0, NULL);
}

static void write_line(HANDLE file, const WCHAR *text)
{
    char line[8192];
    DWORD written;
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, line, sizeof line - 1, NULL, NULL);

    if (length == 0)
        return;
    line[length - 1] = '\n';
    WriteFile(file, line, (DWORD)length, &written, NULL);
}

/* "diskpart" of "X:\windows\system32\diskpart.exe". */
static void name_of_tool(WCHAR *name, size_t capacity)
{
    WCHAR path[MAX_PATH], *start, *end;

    GetModuleFileNameW(NULL, path, MAX_PATH);
    start = wcsrchr(path, L'\\');
    start = start ? start + 1 : path;
    end = wcsrchr(start, L'.');
    if (end)
        *end = 0;
    lstrcpynW(name, start, (int)capacity);
    CharLowerW(name);
}

static void print_file(const WCHAR *name)
{
    HANDLE file = open_file(name, GENERIC_READ, OPEN_EXISTING);
    char bytes[4096];
    DWORD count, written;

    if (file == INVALID_HANDLE_VALUE)
        return;
    while (ReadFile(file, bytes, sizeof bytes, &count, NULL) && count > 0)
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, count, &written, NULL);
    CloseHandle(file);
}

int wmain(int count, WCHAR **words)
{
    WCHAR tool[64], id[64], name[96];
    HANDLE file;

    name_of_tool(tool, 64);
    swprintf(id, 64, L"%ls-%lu-%lu", tool, GetCurrentProcessId(), GetTickCount());
    swprintf(name, 96, L"%ls.words", id);
    file = open_file(name, GENERIC_WRITE, CREATE_ALWAYS);
    if (file == INVALID_HANDLE_VALUE)
        return EXIT_NOT_ANSWERED;
    write_line(file, tool);
    for (int i = 1; i < count; i++)
        write_line(file, words[i]);
    CloseHandle(file);

    file = open_file(L"calls", GENERIC_WRITE, OPEN_EXISTING);
    if (file == INVALID_HANDLE_VALUE)
        return EXIT_NOT_ANSWERED;
    write_line(file, id);
    CloseHandle(file);

    swprintf(name, 96, L"%ls.code", id);
    for (DWORD waited = 0; waited < PATIENCE_MS; waited += WAIT_MS) {
        char digits[16] = { 0 };
        DWORD length = 0;

        file = open_file(name, GENERIC_READ, OPEN_EXISTING);
        if (file == INVALID_HANDLE_VALUE) {
            Sleep(WAIT_MS);
            continue;
        }
        ReadFile(file, digits, sizeof digits - 1, &length, NULL);
        CloseHandle(file);
        swprintf(name, 96, L"%ls.out", id);
        print_file(name);
        return atoi(digits);
    }
    return EXIT_NOT_ANSWERED;
}
