/* Shared by the files of the Linux side. */
#ifndef PRESTAGE_BRIDGE_UNIX_H
#define PRESTAGE_BRIDGE_UNIX_H

#include <stdint.h>

#include "bridge.h"

/* NTSTATUS of a unix call: always 0, failures travel in the request. */
typedef int32_t unix_status;

enum { WINDOWS_REQUEST_ABORTED = 1235, WINDOWS_OUT_OF_MEMORY = 8 };

/* `errno_after`: errno as it was when libwim returned. */
uint32_t windows_error(int wimlib_error, int errno_after);

/* In bridge-apply.c: one job applies one image. */
unix_status start_apply(void *argument);
unix_status next_event(void *argument);
unix_status end_apply(void *argument);

#endif
