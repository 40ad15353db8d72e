/* Starts each line of a file as a command line of its own, as Windows Setup does with the commands of an answer file, and waits for its end. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 8192 };

static void start_and_wait(char *line)
{
    char command[LINE_BYTES];
    STARTUPINFOA start = { .cb = sizeof start };
    PROCESS_INFORMATION process;
    DWORD code = 0;

    ExpandEnvironmentStringsA(line, command, sizeof command);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) {
        printf("error %lu: %s\n", GetLastError(), command);
        return;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    printf("ended with %lu: %s\n", code, command);
    fflush(stdout);
}

int main(int count, char **words)
{
    static char line[LINE_BYTES];
    FILE *file = count == 2 ? fopen(words[1], "r") : NULL;

    if (!file)
        return 1;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        if (*line)
            start_and_wait(line);
    }
    fclose(file);
    return 0;
}
