/* Applies an image with libwim. */
#include <errno.h>
#include <stdio.h>

#include "bridge-job.h"

/* Shares of the percentage: making files, writing data, setting metadata. */
enum { PERCENT_STRUCTURE = 5, PERCENT_DATA = 90, PERCENT_METADATA = 4 };

static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message, union wimlib_progress_info *info, void *context)
{
    struct job *job = context;
    struct wimlib_progress_info_extract *extract = &info->extract;
    bool abort = false;

    switch (message) {
    case WIMLIB_PROGRESS_MSG_EXTRACT_FILE_STRUCTURE:
        if (extract->end_file_count == 0)
            break;
        abort = tell_up_to(job, &job->directories, share(job->directories.total, extract->current_file_count, extract->end_file_count)) ||
                tell_percent(job, share(PERCENT_STRUCTURE, extract->current_file_count, extract->end_file_count));
        break;
    case WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS:
        if (extract->total_bytes == 0)
            break;
        abort = tell_up_to(job, &job->files, share(job->files.total, extract->completed_bytes, extract->total_bytes)) ||
                tell_percent(job, PERCENT_STRUCTURE + share(PERCENT_DATA, extract->completed_bytes, extract->total_bytes));
        break;
    case WIMLIB_PROGRESS_MSG_EXTRACT_METADATA:
        if (extract->end_file_count == 0)
            break;
        abort = tell_all_entries(job) ||
                tell_percent(job, PERCENT_STRUCTURE + PERCENT_DATA +
                                      share(PERCENT_METADATA, extract->current_file_count, extract->end_file_count));
        break;
    default:
        break;
    }
    return abort ? WIMLIB_PROGRESS_STATUS_ABORT : WIMLIB_PROGRESS_STATUS_CONTINUE;
}

/* *pfProcessFile = FALSE: libwim cannot leave a file out, so it goes afterwards. Children come after their folder in the list. */
static void remove_skipped(struct job *job)
{
    char path[PATH_BYTES + EVENT_PATH_BYTES];

    for (size_t i = job->entry_count; i-- > 0;) {
        if (!job->entries[i].is_skipped)
            continue;
        snprintf(path, sizeof path, "%s%s", job->target, job->entries[i].path);
        remove(path);
    }
}

static uint32_t extract(struct job *job)
{
    uint32_t error;
    int result;

    wimlib_register_progress_function(job->wim, on_progress, job);
    errno = 0;
    result = wimlib_extract_image(job->wim, job->image, job->target, 0);
    error = windows_error(result, errno);
    wimlib_register_progress_function(job->wim, NULL, NULL);
    if (error)
        return error;
    if (tell_all_entries(job))
        return WINDOWS_REQUEST_ABORTED;
    remove_skipped(job);
    return 0;
}

static uint32_t apply(struct job *job)
{
    uint32_t error = list_entries(job);

    if (error)
        return error;
    if (tell_percent(job, 0))
        return WINDOWS_REQUEST_ABORTED;
    if (job->nothing_written)
        error = tell_all_entries(job) ? WINDOWS_REQUEST_ABORTED : 0;
    else
        error = extract(job);
    if (!error && tell_percent(job, 100))
        return WINDOWS_REQUEST_ABORTED;
    return error;
}

unix_status start_apply(void *argument)
{
    struct apply_request *request = argument;
    struct job *job = new_job(apply);

    request->error = WINDOWS_OUT_OF_MEMORY;
    if (!job)
        return 0;
    job->wim = (WIMStruct *)(uintptr_t)request->wim;
    job->image = (int)request->image;
    job->nothing_written = request->nothing_written;
    job->with_file_info = request->with_file_info;
    snprintf(job->target, sizeof job->target, "%s", request->target);
    request->job = (uint64_t)(uintptr_t)job;
    request->error = start_job(job);
    return 0;
}
