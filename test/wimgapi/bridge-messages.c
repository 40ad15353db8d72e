/* Message callbacks: who is registered, and how a job's events become messages to them. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "bridge-windows.h"

enum { MESSAGE_PATH_CHARACTERS = MAX_PATH + EVENT_PATH_BYTES };

/* WIMRegisterMessageCallback without a handle: for every WIM of the process. */
static struct callback_list process_callbacks;

static struct callback_list *list_of(HANDLE handle)
{
    struct wim_handle *wim;

    if (!handle)
        return &process_callbacks;
    wim = wim_of_handle(handle);
    return wim ? &wim->callbacks : NULL;
}

DWORD WINAPI WIMRegisterMessageCallback(HANDLE handle, FARPROC function, PVOID context)
{
    struct callback_list *list = list_of(handle);
    message_callback wanted = (message_callback)(void *)function;

    if (!list)
        return INVALID_CALLBACK_VALUE;
    for (DWORD i = 0; i < list->count; i++) {
        if (list->callbacks[i].function == wanted) {
            list->callbacks[i].context = context;
            return i;
        }
    }
    if (!function || list->count == CALLBACKS_MAX) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_CALLBACK_VALUE;
    }
    list->callbacks[list->count] = (struct callback){ wanted, context };
    return list->count++;
}

/* Without a function all go. */
BOOL WINAPI WIMUnregisterMessageCallback(HANDLE handle, FARPROC function)
{
    struct callback_list *list = list_of(handle);

    if (!list)
        return FALSE;
    if (!function) {
        list->count = 0;
        return TRUE;
    }
    for (DWORD i = 0; i < list->count; i++) {
        if (list->callbacks[i].function == (message_callback)(void *)function) {
            list->count--;
            memmove(list->callbacks + i, list->callbacks + i + 1, (list->count - i) * sizeof *list->callbacks);
            return TRUE;
        }
    }
    SetLastError(ERROR_INVALID_PARAMETER);
    return FALSE;
}

static DWORD tell_list(const struct callback_list *list, DWORD message, WPARAM wparam, LPARAM lparam)
{
    DWORD answer = 0;

    for (DWORD i = 0; i < list->count && answer == 0; i++)
        answer = list->callbacks[i].function(message, wparam, lparam, list->callbacks[i].context);
    return answer;
}

static DWORD tell(const struct wim_handle *wim, DWORD message, WPARAM wparam, LPARAM lparam)
{
    DWORD answer = tell_list(&wim->callbacks, message, wparam, lparam);

    return answer ? answer : tell_list(&process_callbacks, message, wparam, lparam);
}

struct delivery {
    struct wim_handle *wim;
    struct next_request event;
    WCHAR path[MESSAGE_PATH_CHARACTERS]; /* the folder applied to or captured, then the path of the event's file */
    WCHAR *path_in_folder;
    DWORD error;
};

static void begin_path(struct delivery *delivery, const WCHAR *folder)
{
    size_t length;

    lstrcpynW(delivery->path, folder, MAX_PATH);
    length = wcslen(delivery->path);
    if (length > 0 && delivery->path[length - 1] == L'\\')
        length--;
    delivery->path_in_folder = delivery->path + length;
}

static void complete_path(struct delivery *delivery)
{
    MultiByteToWideChar(CP_UTF8, 0, delivery->event.path, -1, delivery->path_in_folder, EVENT_PATH_BYTES);
    for (WCHAR *at = delivery->path_in_folder; *at; at++)
        if (*at == L'/')
            *at = L'\\';
}

static FILETIME filetime_of(uint64_t value)
{
    FILETIME time = { (DWORD)value, (DWORD)(value >> 32) };

    return time;
}

static DWORD tell_file_info(struct delivery *delivery)
{
    const struct next_request *event = &delivery->event;
    const WCHAR *name = wcsrchr(delivery->path, L'\\');
    WIN32_FIND_DATAW data = { 0 };

    data.dwFileAttributes = event->attributes;
    data.nFileSizeHigh = (DWORD)(event->size >> 32);
    data.nFileSizeLow = (DWORD)event->size;
    data.ftCreationTime = filetime_of(event->created);
    data.ftLastAccessTime = filetime_of(event->accessed);
    data.ftLastWriteTime = filetime_of(event->written);
    if (event->links > 1) {
        data.dwReserved0 = (DWORD)event->file_id;
        data.dwReserved1 = (DWORD)(event->file_id >> 32);
    }
    lstrcpynW(data.cFileName, name ? name + 1 : delivery->path, MAX_PATH);
    return tell(delivery->wim, WIM_MSG_FILEINFO, (WPARAM)delivery->path, (LPARAM)&data);
}

/* Sends the message for the event and puts the answer where the next question takes it from. */
static void deliver(struct delivery *delivery)
{
    struct next_request *event = &delivery->event;
    BOOL process_file = TRUE;
    DWORD answer = 0;

    switch (event->type) {
    case EVENT_PROGRESS:
        answer = tell(delivery->wim, WIM_MSG_PROGRESS, event->percent, event->milliseconds_left);
        break;
    case EVENT_SET_RANGE:
        answer = tell(delivery->wim, WIM_MSG_SETRANGE, 0, event->file_count);
        break;
    case EVENT_SET_POSITION:
        answer = tell(delivery->wim, WIM_MSG_SETPOS, 0, event->file_count);
        break;
    case EVENT_PROCESS:
        complete_path(delivery);
        answer = tell(delivery->wim, WIM_MSG_PROCESS, (WPARAM)delivery->path, (LPARAM)&process_file);
        break;
    case EVENT_FILE_INFO:
        complete_path(delivery);
        answer = tell_file_info(delivery);
        break;
    case EVENT_ERROR:
        complete_path(delivery);
        answer = tell(delivery->wim, WIM_MSG_ERROR, (WPARAM)delivery->path, event->error);
        break;
    }
    event->answer_abort = answer == WIM_MSG_ABORT_IMAGE;
    event->answer_skip = !process_file;
}

static DWORD WINAPI deliver_all(LPVOID argument)
{
    struct delivery *delivery = argument;
    struct end_request end = { delivery->event.job };

    for (;;) {
        call_unix(REQUEST_NEXT_EVENT, &delivery->event);
        if (delivery->event.type == EVENT_DONE)
            break;
        deliver(delivery);
    }
    delivery->error = delivery->event.error;
    call_unix(REQUEST_END_JOB, &end);
    return 0;
}

/* Microsoft's DLL is multi-threaded and calls back on threads of its own; PRESTAGE_WIMGAPI_THREAD=1 does the same. */
static BOOL wants_other_thread(void)
{
    char value[4];

    return GetEnvironmentVariableA("PRESTAGE_WIMGAPI_THREAD", value, sizeof value) == 1 && value[0] == '1';
}

DWORD deliver_messages(struct wim_handle *wim, uint64_t job, const WCHAR *folder)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    DWORD error;

    if (!delivery)
        return ERROR_NOT_ENOUGH_MEMORY;
    delivery->wim = wim;
    delivery->event.job = job;
    begin_path(delivery, folder);
    if (wants_other_thread()) {
        HANDLE thread = CreateThread(NULL, 0, deliver_all, delivery, 0, NULL);

        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    } else {
        deliver_all(delivery);
    }
    error = delivery->error;
    free(delivery);
    return error;
}
