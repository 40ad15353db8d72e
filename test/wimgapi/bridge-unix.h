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

/* In bridge-job.c: a job tells its events, and ends. */
unix_status next_event(void *argument);
unix_status end_job(void *argument);

/* In bridge-apply.c and bridge-capture.c. */
unix_status start_apply(void *argument);
unix_status start_capture(void *argument);
unix_status set_property(void *argument);
unix_status set_boot_image(void *argument);
uint32_t write_changes(struct open_request *file); /* an error */

#endif
