/* record.exe, copied under the name of a Windows tool that Wine lacks (diskpart.exe, bcdboot.exe, dism.exe ...): writes down how it was
 * called and ends as the test wants. Test equipment; nothing of it ships.
 *
 *   PRESTAGE_RECORD          file that gets one JSON line a call: {"tool","args","cwd","script","stdin"}
 *                            script: the content of FILE in `/s FILE` (diskpart); stdin: what was piped in; both absent when there is none
 *   PRESTAGE_RECORD_<TOOL>   "code;text": the exit code, and what is printed on stdout ("\n" stands for a new line). <TOOL> is the name in
 *                            capitals without .exe, every character that is no letter or digit as _ (MANAGE_BDE). Default "0;"
 *   PRESTAGE_RECORD_<TOOL>_AFTER_<OTHER>
 *                            the same, from the moment that tool OTHER stands in the record: bcdedit knows an entry once bcdboot has made it
 *   PRESTAGE_RECORD_PAUSE_MS how long it takes after that: a test can kill what waits for it
 *   PRESTAGE_RECORD_STDIN    1: read stdin to its end first (the caller must close it) */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

enum { NAME_CHARACTERS = 64, VALUE_CHARACTERS = 8192, TEXT_BYTES = 262144, EXIT_NOT_RECORDED = 125 };

struct text {
    char bytes[TEXT_BYTES];
    size_t length;
};

static void add_bytes(struct text *text, const char *bytes, size_t length)
{
    if (length > TEXT_BYTES - text->length)
        length = TEXT_BYTES - text->length;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void add(struct text *text, const char *word)
{
    add_bytes(text, word, strlen(word));
}

/* RFC 8259, section 7: quotation mark, reverse solidus and control characters are escaped; the rest is UTF-8 as it is. */
static void add_json_string(struct text *text, const char *bytes, size_t length)
{
    add(text, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char escaped[8];

        if (byte == '"' || byte == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", byte);
        else if (byte < 0x20)
            snprintf(escaped, sizeof escaped, "\\u%04x", byte);
        else
            snprintf(escaped, sizeof escaped, "%c", byte);
        add(text, escaped);
    }
    add(text, "\"");
}

static void add_json_wide(struct text *text, const WCHAR *wide)
{
    int bytes = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *utf8 = malloc(bytes);

    WideCharToMultiByte(CP_UTF8, 0, wide, -1, utf8, bytes, NULL, NULL);
    add_json_string(text, utf8, bytes - 1);
    free(utf8);
}

static size_t read_to_end(HANDLE from, char *buffer, size_t capacity)
{
    size_t length = 0;
    DWORD got;

    while (length < capacity && ReadFile(from, buffer + length, (DWORD)(capacity - length), &got, NULL) && got > 0)
        length += got;
    return length;
}

static void add_content(struct text *line, const char *field, HANDLE from)
{
    static char content[TEXT_BYTES];
    size_t length = read_to_end(from, content, sizeof content);

    add(line, field);
    add_json_string(line, content, length);
}

static void name_of_tool(WCHAR *name)
{
    WCHAR path[MAX_PATH], *start, *end;

    GetModuleFileNameW(NULL, path, MAX_PATH);
    start = wcsrchr(path, L'\\');
    start = start ? start + 1 : path;
    end = wcsrchr(start, L'.');
    if (end)
        *end = 0;
    lstrcpynW(name, start, NAME_CHARACTERS);
    CharLowerW(name);
}

static void make_line(struct text *line, const WCHAR *tool, int count, WCHAR **words)
{
    WCHAR folder[MAX_PATH], flag[4];

    add(line, "{\"tool\":");
    add_json_wide(line, tool);
    add(line, ",\"args\":[");
    for (int i = 1; i < count; i++) {
        if (i > 1)
            add(line, ",");
        add_json_wide(line, words[i]);
    }
    GetCurrentDirectoryW(MAX_PATH, folder);
    add(line, "],\"cwd\":");
    add_json_wide(line, folder);
    for (int i = 1; i + 1 < count; i++) {
        HANDLE script;

        if (lstrcmpiW(words[i], L"/s") != 0)
            continue;
        script = CreateFileW(words[i + 1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
        if (script == INVALID_HANDLE_VALUE)
            continue;
        add_content(line, ",\"script\":", script);
        CloseHandle(script);
        break;
    }
    if (GetEnvironmentVariableW(L"PRESTAGE_RECORD_STDIN", flag, 4) == 1 && flag[0] == '1')
        add_content(line, ",\"stdin\":", GetStdHandle(STD_INPUT_HANDLE));
    add(line, "}\n");
}

/* One WriteFile in append mode: lines of tools that run at the same time do not mix. */
static BOOL append_line(const struct text *line)
{
    WCHAR path[VALUE_CHARACTERS];
    HANDLE file;
    DWORD written;

    if (GetEnvironmentVariableW(L"PRESTAGE_RECORD", path, VALUE_CHARACTERS) == 0)
        return TRUE; /* nobody asked for a record */
    file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    if (!WriteFile(file, line->bytes, (DWORD)line->length, &written, NULL))
        written = 0;
    CloseHandle(file);
    return written == line->length;
}

/* PRESTAGE_RECORD_<TOOL> as the environment spells it. */
static void name_of_answer(const WCHAR *tool, char *name, int capacity)
{
    WCHAR variable[NAME_CHARACTERS + 32];

    lstrcpyW(variable, L"PRESTAGE_RECORD_");
    lstrcatW(variable, tool);
    CharUpperW(variable);
    WideCharToMultiByte(CP_UTF8, 0, variable, -1, name, capacity, NULL, NULL);
    for (; *name; name++)
        if (!IsCharAlphaNumericA(*name))
            *name = '_';
}

/* Whether a tool, named in capitals and ended by `=`, stands in the record. */
static BOOL was_called(const char *tool)
{
    static char record[TEXT_BYTES + 1];
    WCHAR path[VALUE_CHARACTERS];
    char call[NAME_CHARACTERS + 16];
    HANDLE file;
    size_t length = (size_t)(strchr(tool, '=') - tool);

    if (length >= NAME_CHARACTERS || GetEnvironmentVariableW(L"PRESTAGE_RECORD", path, VALUE_CHARACTERS) == 0)
        return FALSE;
    snprintf(call, sizeof call, "\"tool\":\"%.*s\"", (int)length, tool);
    CharLowerA(call);
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    record[read_to_end(file, record, TEXT_BYTES)] = 0;
    CloseHandle(file);
    return strstr(record, call) != NULL;
}

/* The answer that holds now: one that waited for another tool comes before the one that always holds. */
static BOOL find_answer(const char *name, char *value, int capacity)
{
    char after[2 * NAME_CHARACTERS], entry[VALUE_CHARACTERS];
    WCHAR *environment = GetEnvironmentStringsW();
    BOOL found = FALSE;

    snprintf(after, sizeof after, "%s_AFTER_", name);
    for (const WCHAR *wide = environment; *wide && !found; wide += wcslen(wide) + 1) {
        if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, entry, sizeof entry, NULL, NULL) == 0)
            continue; /* longer than any answer */
        if (strncmp(entry, after, strlen(after)) != 0 || !was_called(entry + strlen(after)))
            continue;
        snprintf(value, capacity, "%s", strchr(entry, '=') + 1);
        found = TRUE;
    }
    FreeEnvironmentStringsW(environment);
    return found || GetEnvironmentVariableA(name, value, capacity) > 0;
}

/* Prints the text that the test wants and returns its exit code. */
static int answer(const WCHAR *tool)
{
    char name[NAME_CHARACTERS + 32], value[VALUE_CHARACTERS], *at;

    name_of_answer(tool, name, sizeof name);
    if (!find_answer(name, value, sizeof value))
        return 0;
    at = strchr(value, ';');
    for (at = at ? at + 1 : ""; *at; at++) {
        if (at[0] == '\\' && at[1] == 'n') {
            fputs("\n", stdout); /* text mode makes it a carriage return and a line feed */
            at++;
        } else {
            fputc(*at, stdout);
        }
    }
    fflush(stdout);
    return atoi(value);
}

static void pause_as_told(void)
{
    WCHAR milliseconds[16];

    if (GetEnvironmentVariableW(L"PRESTAGE_RECORD_PAUSE_MS", milliseconds, 16) > 0)
        Sleep(_wtoi(milliseconds));
}

int wmain(int count, WCHAR **words)
{
    static struct text line;
    WCHAR tool[NAME_CHARACTERS];

    name_of_tool(tool);
    make_line(&line, tool, count, words);
    if (!append_line(&line))
        return EXIT_NOT_RECORDED;
    pause_as_told();
    return answer(tool);
}
