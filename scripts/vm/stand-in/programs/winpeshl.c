/* winpeshl.exe of the stand-in: does what Microsoft's does with winpeshl.ini ("Winpeshl.ini reference: launching an app when WinPE starts"): [LaunchApp]
 * AppPath= starts one program, without options; [LaunchApps] its lines, `program, options`, each after the one before has ended. Without the file
 * cmd.exe runs startnet.cmd and stays. Lines of more than 250 characters are refused, as there. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_CHARACTERS = 250, SECTION_BYTES = 32768, COMMAND_BYTES = 4096 };

static DWORD start_and_wait(const char *line)
{
    char command[COMMAND_BYTES];
    STARTUPINFOA start = { .cb = sizeof start };
    PROCESS_INFORMATION process;
    DWORD code = (DWORD)-1;

    ExpandEnvironmentStringsA(line, command, sizeof command);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) {
        fprintf(stderr, "winpeshl: error %lu for %s\n", GetLastError(), command);
        return code;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* `program, options` becomes a command line. */
static void launch(const char *entry)
{
    char line[COMMAND_BYTES];
    const char *comma = strchr(entry, ',');

    if (strlen(entry) > LINE_MAX_CHARACTERS) {
        fprintf(stderr, "winpeshl: a line of more than %d characters\n", LINE_MAX_CHARACTERS);
        return;
    }
    if (comma)
        snprintf(line, sizeof line, "\"%.*s\" %s", (int)(comma - entry), entry, comma + 1);
    else
        snprintf(line, sizeof line, "\"%s\"", entry);
    start_and_wait(line);
}

int main(void)
{
    static char section[SECTION_BYTES];
    char file[MAX_PATH], program[COMMAND_BYTES];

    GetSystemDirectoryA(file, MAX_PATH - 16);
    SetCurrentDirectoryA(file);
    strcat(file, "\\winpeshl.ini");
    if (GetFileAttributesA(file) == INVALID_FILE_ATTRIBUTES) {
        start_and_wait("cmd.exe /k startnet.cmd");
        return 0;
    }
    if (GetPrivateProfileStringA("LaunchApp", "AppPath", "", program, sizeof program, file))
        launch(program);
    GetPrivateProfileSectionA("LaunchApps", section, sizeof section, file);
    for (const char *entry = section; *entry; entry += strlen(entry) + 1)
        launch(entry);
    return 0;
}
