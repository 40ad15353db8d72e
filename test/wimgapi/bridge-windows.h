/* Shared by the files of the Windows side. */
#ifndef PRESTAGE_BRIDGE_WINDOWS_H
#define PRESTAGE_BRIDGE_WINDOWS_H

#include "bridge.h"
#include "wimgapi.h"

enum { CALLBACKS_MAX = 8 };

struct callback {
    message_callback function;
    void *context;
};

struct callback_list {
    struct callback callbacks[CALLBACKS_MAX];
    DWORD count;
};

/* What a HANDLE of this DLL points to: an open WIM, or an image loaded from one. */
struct wim_handle {
    DWORD magic;
    DWORD image;              /* 0 for the WIM itself */
    struct wim_handle *wim;   /* the WIM that an image belongs to; itself otherwise */
    LONG open_images;
    DWORD flags;
    WCHAR path[MAX_PATH];
    WCHAR temporary_path[MAX_PATH];
    struct open_request file; /* what the Linux side told when it opened the WIM */
    struct callback_list callbacks;
};

/* bridge-windows.c */
DWORD call_unix(enum request request, void *argument);
BOOL unix_path_of(const WCHAR *path, char *unix_path); /* sets the last error */
BOOL is_directory(const WCHAR *path);

/* bridge-messages.c: passes on the messages of a started job until it ends; returns its error. */
DWORD deliver_messages(struct wim_handle *wim, uint64_t job, const WCHAR *folder);

/* bridge-handles.c: of a WIM or an image; NULL with ERROR_INVALID_HANDLE as last error for anything else. */
struct wim_handle *handle_of(HANDLE handle);
HANDLE image_handle(struct wim_handle *wim, DWORD image); /* NULL with the last error set */

/* bridge-handles.c: NULL with ERROR_INVALID_HANDLE as last error for anything else than such a handle. */
struct wim_handle *wim_of_handle(HANDLE handle);

#endif
