/* The Linux side's table of unix calls, and those that need no thread: open, create, close, XML. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wimlib.h>

#include "bridge-unix.h"

/* wimlib.h, wimlib_wim_info: version 3584 (0xe00) is the solid format of .esd files. */
enum { WIM_VERSION_SOLID = 0xe00 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_libwim(void)
{
    wimlib_global_init(0);
}

static WIMStruct *wim_of(uint64_t handle)
{
    return (WIMStruct *)(uintptr_t)handle;
}

static unix_status open_wim(void *argument)
{
    struct open_request *request = argument;
    struct wimlib_wim_info info;
    WIMStruct *wim = NULL;
    int result;

    pthread_once(&once, start_libwim);
    errno = 0;
    result = wimlib_open_wim(request->path,
                             (request->check_integrity ? WIMLIB_OPEN_FLAG_CHECK_INTEGRITY : 0) |
                                 (request->for_writing ? WIMLIB_OPEN_FLAG_WRITE_ACCESS : 0),
                             &wim);
    request->error = windows_error(result, errno);
    if (request->error)
        return 0;
    wimlib_get_wim_info(wim, &info);
    request->wim = (uint64_t)(uintptr_t)wim;
    request->image_count = info.image_count;
    request->boot_index = info.boot_index;
    request->compression = info.compression_type;
    request->part_number = info.part_number;
    request->part_count = info.total_parts;
    request->has_integrity_table = info.has_integrity_table;
    request->is_readonly = info.is_marked_readonly;
    request->has_relative_path_fix = info.has_rpfix;
    request->is_solid = info.wim_version == WIM_VERSION_SOLID;
    memcpy(request->guid, info.guid, sizeof request->guid);
    request->is_written = 1;
    return 0;
}

static unix_status create_wim(void *argument)
{
    struct open_request *request = argument;
    WIMStruct *wim = NULL;

    pthread_once(&once, start_libwim);
    request->error = windows_error(wimlib_create_new_wim((enum wimlib_compression_type)request->compression, &wim), 0);
    request->wim = (uint64_t)(uintptr_t)wim;
    request->part_number = request->part_count = 1;
    request->for_writing = 1;
    return 0;
}

static unix_status close_wim(void *argument)
{
    struct open_request *request = argument;

    request->error = write_changes(request);
    wimlib_free(wim_of(request->wim));
    return 0;
}

static unix_status read_xml(void *argument)
{
    struct xml_request *request = argument;
    void *xml = NULL;
    size_t length = 0;

    request->error = windows_error(wimlib_get_xml_data(wim_of(request->wim), &xml, &length), 0);
    if (request->error)
        return 0;
    request->length = length;
    if (length <= request->capacity)
        memcpy(request->buffer, xml, length);
    free(xml);
    return 0;
}

/* Wine's ntdll looks for this symbol in the library that pairs with a builtin DLL. In the order of enum request. */
__attribute__((visibility("default"))) unix_status (*const __wine_unix_call_funcs[])(void *) = {
    open_wim, create_wim, close_wim, read_xml, start_apply, start_capture, set_property, set_boot_image, next_event, end_job,
};
