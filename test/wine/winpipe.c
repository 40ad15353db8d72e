/* winpipe.exe PROGRAM ARGUMENTS...: runs a Windows program with real Windows pipes as stdin, stdout and stderr and copies them
 * from and to this process's own handles. Ends with the program's exit code; 127 when it cannot be started, 2 without a program.
 *
 * Why: under Wine a Unix pipe arrives as a handle that libuv cannot open as a named pipe, so node.exe fails with "open EBADF"
 * as soon as it touches process.stdout. Through this launcher its output can be captured like that of any other program. */
#include <windows.h>

enum { BUFFER_BYTES = 65536, EXIT_USAGE = 2, EXIT_NOT_STARTED = 127, DRAIN_MS = 2000 };

struct flow {
    HANDLE from;
    HANDLE to;
    BOOL close_at_end; /* so that the program reads end-of-file on its stdin */
};

struct pipe_ends {
    HANDLE read;
    HANDLE write;
};

static BOOL write_all(HANDLE to, const char *bytes, DWORD length)
{
    while (length > 0) {
        DWORD written;
        if (!WriteFile(to, bytes, length, &written, NULL))
            return FALSE;
        bytes += written;
        length -= written;
    }
    return TRUE;
}

static DWORD WINAPI copy_flow(LPVOID argument)
{
    struct flow *flow = argument;
    char *buffer = HeapAlloc(GetProcessHeap(), 0, BUFFER_BYTES);
    DWORD length;

    while (ReadFile(flow->from, buffer, BUFFER_BYTES, &length, NULL) && length > 0)
        if (!write_all(flow->to, buffer, length))
            break;
    if (flow->close_at_end)
        CloseHandle(flow->to);
    return 0;
}

static HANDLE start_flow(struct flow *flow)
{
    return CreateThread(NULL, 0, copy_flow, flow, 0, NULL);
}

/* The command line without our own name: quoted as the caller quoted it, so that nothing is lost on the way. */
static WCHAR *command_of_program(void)
{
    WCHAR *at = GetCommandLineW();
    BOOL quoted = FALSE;

    for (; *at && (quoted || (*at != ' ' && *at != '\t')); at++)
        if (*at == '"')
            quoted = !quoted;
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* A pipe of which the program inherits one end; `ours` stays here. */
static struct pipe_ends make_pipe(BOOL program_reads)
{
    SECURITY_ATTRIBUTES inheritable = { sizeof inheritable, NULL, TRUE };
    struct pipe_ends ends;

    if (!CreatePipe(&ends.read, &ends.write, &inheritable, 0))
        ExitProcess(EXIT_NOT_STARTED);
    SetHandleInformation(program_reads ? ends.write : ends.read, HANDLE_FLAG_INHERIT, 0);
    return ends;
}

/* No C runtime: the program is as small and starts as fast as can be. */
void __cdecl wmainCRTStartup(void)
{
    WCHAR *command = command_of_program();
    struct pipe_ends in, out, err;
    static STARTUPINFOW startup;
    PROCESS_INFORMATION program;
    HANDLE outputs[2];
    DWORD code = EXIT_NOT_STARTED;

    if (!*command)
        ExitProcess(EXIT_USAGE);
    in = make_pipe(TRUE);
    out = make_pipe(FALSE);
    err = make_pipe(FALSE);
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = in.read;
    startup.hStdOutput = out.write;
    startup.hStdError = err.write;
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &program))
        ExitProcess(EXIT_NOT_STARTED);
    CloseHandle(in.read);
    CloseHandle(out.write);
    CloseHandle(err.write);

    struct flow to_program = { GetStdHandle(STD_INPUT_HANDLE), in.write, TRUE };
    struct flow from_out = { out.read, GetStdHandle(STD_OUTPUT_HANDLE), FALSE };
    struct flow from_err = { err.read, GetStdHandle(STD_ERROR_HANDLE), FALSE };
    start_flow(&to_program);
    outputs[0] = start_flow(&from_out);
    outputs[1] = start_flow(&from_err);

    WaitForSingleObject(program.hProcess, INFINITE);
    GetExitCodeProcess(program.hProcess, &code);
    /* A grandchild may have inherited the pipes and live on: its words are not waited for. */
    WaitForMultipleObjects(2, outputs, TRUE, DRAIN_MS);
    ExitProcess(code);
}
