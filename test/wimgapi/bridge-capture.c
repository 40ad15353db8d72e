/* Captures a folder into a WIM with libwim, and what is set in a WIM afterwards. The data is written during the capture, as Microsoft's
 * DLL does, so that a full disk shows there; names and the bootable image are written when the WIM is closed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bridge-job.h"

static WIMStruct *wim_of(const struct open_request *file)
{
    return (WIMStruct *)(uintptr_t)file->wim;
}

static int write_flags(const struct open_request *file)
{
    return file->check_integrity ? WIMLIB_WRITE_FLAG_CHECK_INTEGRITY : 0;
}

/* Documented for captures are SETRANGE and SETPOS; PROGRESS is for applying. */
static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message, union wimlib_progress_info *info, void *context)
{
    const struct wimlib_progress_info_write_streams *written = &info->write_streams;
    struct job *job = context;
    bool abort = false;

    if (message == WIMLIB_PROGRESS_MSG_WRITE_STREAMS && written->total_bytes > 0)
        abort = tell_up_to(job, &job->directories, job->directories.total) ||
                tell_up_to(job, &job->files, share(job->files.total, written->completed_bytes, written->total_bytes));
    return abort ? WIMLIB_PROGRESS_STATUS_ABORT : WIMLIB_PROGRESS_STATUS_CONTINUE;
}

/* A WIMStruct that was written is out of date: wimlib.h, wimlib_overwrite. */
static int open_again(struct job *job)
{
    struct wimlib_wim_info info;
    WIMStruct *fresh = NULL;
    int result;

    wimlib_free(job->wim);
    job->file->wim = 0;
    result = wimlib_open_wim(job->file->path, WIMLIB_OPEN_FLAG_WRITE_ACCESS, &fresh);
    if (result)
        return result;
    wimlib_get_wim_info(fresh, &info);
    job->file->wim = (uint64_t)(uintptr_t)fresh;
    job->file->image_count = info.image_count;
    job->file->is_written = 1;
    return 0;
}

static uint32_t capture(struct job *job)
{
    uint32_t error;
    int result;

    errno = 0;
    result = wimlib_add_image(job->wim, job->source, NULL, NULL, 0);
    error = windows_error(result, errno);
    if (!error)
        error = list_entries(job);
    if (error)
        return error;
    wimlib_register_progress_function(job->wim, on_progress, job);
    errno = 0;
    result = job->file->is_written ? wimlib_overwrite(job->wim, write_flags(job->file), 0)
                                   : wimlib_write(job->wim, job->file->path, WIMLIB_ALL_IMAGES, write_flags(job->file), 0);
    error = windows_error(result, errno);
    wimlib_register_progress_function(job->wim, NULL, NULL);
    if (!error)
        error = windows_error(open_again(job), errno);
    if (!error && tell_all_entries(job))
        error = WINDOWS_REQUEST_ABORTED;
    return error;
}

static uint32_t capture_or_forget(struct job *job)
{
    uint32_t error = capture(job);

    if (error)
        job->file->is_changed = 0; /* what has failed is not written on closing */
    return error;
}

unix_status start_capture(void *argument)
{
    struct capture_request *request = argument;
    struct job *job = new_job(capture_or_forget);

    request->error = WINDOWS_OUT_OF_MEMORY;
    if (!job)
        return 0;
    job->file = request->file;
    job->wim = wim_of(request->file);
    job->image = (int)request->file->image_count + 1;
    snprintf(job->source, sizeof job->source, "%s", request->source);
    request->job = (uint64_t)(uintptr_t)job;
    request->error = start_job(job);
    return 0;
}

unix_status set_property(void *argument)
{
    struct property_request *request = argument;

    request->error = windows_error(
        wimlib_set_image_property(wim_of(request->file), (int)request->image, request->name, request->value), 0);
    if (!request->error)
        request->file->is_changed = 1;
    return 0;
}

unix_status set_boot_image(void *argument)
{
    struct property_request *request = argument;
    struct wimlib_wim_info info = { .boot_index = request->image };

    request->error = windows_error(wimlib_set_wim_info(wim_of(request->file), &info, WIMLIB_CHANGE_BOOT_INDEX), 0);
    if (!request->error)
        request->file->is_changed = 1;
    return 0;
}

/* What was changed since the last capture is written. */
uint32_t write_changes(struct open_request *file)
{
    int result;

    if (!file->wim || !file->is_written || !file->is_changed)
        return 0;
    errno = 0;
    result = wimlib_overwrite(wim_of(file), write_flags(file), 0);
    return windows_error(result, errno);
}
