/* Applies an image with libwim on a thread of its own, which never enters Wine; the Windows thread fetches the events.
 *
 * libwim has no event for a single file. So the directory tree is listed first, and "now processing FILE" is told in step with libwim's
 * own progress: the order and the number are right, the moment is not. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wimlib.h>

#include "bridge-unix.h"

enum { STACK_BYTES = 8 << 20 };
/* Shares of the percentage: making files, writing data, setting metadata. */
enum { PERCENT_STRUCTURE = 5, PERCENT_DATA = 90, PERCENT_METADATA = 4 };

struct entry {
    char *path;
    uint32_t attributes, links;
    uint64_t size, file_id, created, accessed, written;
    bool is_directory, is_skipped;
};

/* The entries of one kind (directories or files), told one after the other. */
struct telling {
    size_t total, told;
    size_t next; /* index of the entry to look at next */
};

struct job {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;

    WIMStruct *wim;
    int image;
    bool nothing_written, with_file_info;
    char target[PATH_BYTES];

    struct next_request event;
    bool event_ready, event_taken, answered;
    bool answer_abort, answer_skip;

    struct entry *entries;
    size_t entry_count, entry_capacity;
    struct telling directories, files;
    int percent_told;
    struct timespec started;
};

static struct job *job_of(uint64_t handle)
{
    return (struct job *)(uintptr_t)handle;
}

/* libwim's thread: hands the event over and waits for its answer. True when the run is to be aborted. */
static bool tell(struct job *job, enum event_type type)
{
    bool abort;

    pthread_mutex_lock(&job->lock);
    job->event.type = type;
    job->event_ready = true;
    job->answered = false;
    pthread_cond_broadcast(&job->changed);
    while (!job->answered)
        pthread_cond_wait(&job->changed, &job->lock);
    abort = job->answer_abort;
    pthread_mutex_unlock(&job->lock);
    return abort;
}

/* FILETIME: 100 ns since 1601-01-01; 11644473600 s lie between that and 1970-01-01. */
static uint64_t filetime_of(struct wimlib_timespec time)
{
    return ((uint64_t)time.tv_sec + 11644473600ULL) * 10000000 + time.tv_nsec / 100;
}

static int collect_entry(const struct wimlib_dir_entry *found, void *context)
{
    struct job *job = context;
    struct entry *entry;

    if (job->entry_count == job->entry_capacity) {
        size_t capacity = job->entry_capacity ? 2 * job->entry_capacity : 1024;
        struct entry *larger = realloc(job->entries, capacity * sizeof *larger);

        if (!larger)
            return WIMLIB_ERR_NOMEM;
        job->entries = larger;
        job->entry_capacity = capacity;
    }
    entry = &job->entries[job->entry_count];
    *entry = (struct entry){
        .path = strdup(found->full_path),
        .attributes = found->attributes,
        .links = found->num_links,
        .size = found->streams[0].resource.uncompressed_size,
        .file_id = found->hard_link_group_id,
        .created = filetime_of(found->creation_time),
        .accessed = filetime_of(found->last_access_time),
        .written = filetime_of(found->last_write_time),
        .is_directory = (found->attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY) != 0,
    };
    if (!entry->path)
        return WIMLIB_ERR_NOMEM;
    job->entry_count++;
    (entry->is_directory ? &job->directories : &job->files)->total++;
    return 0;
}

static bool tell_entry(struct job *job, struct entry *entry)
{
    struct next_request *event = &job->event;

    event->attributes = entry->attributes;
    event->links = entry->links;
    event->size = entry->size;
    event->file_id = entry->file_id;
    event->created = entry->created;
    event->accessed = entry->accessed;
    event->written = entry->written;
    snprintf(event->path, sizeof event->path, "%s", entry->path);
    if (tell(job, EVENT_PROCESS))
        return true;
    entry->is_skipped = job->answer_skip;
    return job->with_file_info && !entry->is_skipped && tell(job, EVENT_FILE_INFO);
}

/* Tells the directories (or files) up to number `count`, then the position reached. True when aborted. */
static bool tell_up_to(struct job *job, struct telling *telling, size_t count)
{
    bool directories = telling == &job->directories;

    if (telling->told >= count)
        return false;
    for (; telling->told < count && telling->next < job->entry_count; telling->next++) {
        struct entry *entry = &job->entries[telling->next];

        if (entry->is_directory != directories)
            continue;
        telling->told++;
        if (tell_entry(job, entry))
            return true;
    }
    job->event.file_count = (uint32_t)(job->directories.told + job->files.told);
    return tell(job, EVENT_SET_POSITION);
}

static bool tell_all_entries(struct job *job)
{
    return tell_up_to(job, &job->directories, job->directories.total) || tell_up_to(job, &job->files, job->files.total);
}

static bool tell_percent(struct job *job, int percent)
{
    struct timespec now;
    double elapsed_ms;

    if (percent <= job->percent_told)
        return false;
    job->percent_told = percent;
    clock_gettime(CLOCK_MONOTONIC, &now);
    elapsed_ms = (now.tv_sec - job->started.tv_sec) * 1e3 + (now.tv_nsec - job->started.tv_nsec) / 1e6;
    job->event.percent = percent;
    job->event.milliseconds_left = percent ? (uint32_t)(elapsed_ms * (100 - percent) / percent) : 0;
    return tell(job, EVENT_PROGRESS);
}

static uint64_t share(uint64_t whole, uint64_t done, uint64_t total)
{
    return (uint64_t)((double)whole * done / total);
}

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
    uint32_t error;
    int result;

    errno = 0;
    result = wimlib_iterate_dir_tree(job->wim, job->image, "/", WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE, collect_entry, job);
    error = windows_error(result, errno);
    if (error)
        return error;
    job->event.file_count = (uint32_t)job->entry_count;
    if (tell(job, EVENT_SET_RANGE) || tell_percent(job, 0))
        return WINDOWS_REQUEST_ABORTED;
    if (job->nothing_written)
        error = tell_all_entries(job) ? WINDOWS_REQUEST_ABORTED : 0;
    else
        error = extract(job);
    if (!error && tell_percent(job, 100))
        return WINDOWS_REQUEST_ABORTED;
    return error;
}

static void *run_job(void *argument)
{
    struct job *job = argument;
    uint32_t error;

    job->percent_told = -1;
    clock_gettime(CLOCK_MONOTONIC, &job->started);
    error = apply(job);
    job->event.error = error;
    if (error && error != WINDOWS_REQUEST_ABORTED) {
        snprintf(job->event.path, sizeof job->event.path, "/");
        tell(job, EVENT_ERROR);
    }
    pthread_mutex_lock(&job->lock);
    job->event.type = EVENT_DONE;
    job->event_ready = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

/* Wine's signal handlers expect a Wine thread: this one gets no signals. */
static int start_thread(struct job *job)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int result;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&job->thread, &attributes, run_job, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}

static void free_job(struct job *job)
{
    for (size_t i = 0; i < job->entry_count; i++)
        free(job->entries[i].path);
    free(job->entries);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

unix_status start_apply(void *argument)
{
    struct apply_request *request = argument;
    struct job *job = calloc(1, sizeof *job);

    request->error = WINDOWS_OUT_OF_MEMORY;
    if (!job)
        return 0;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    job->wim = (WIMStruct *)(uintptr_t)request->wim;
    job->image = (int)request->image;
    job->nothing_written = request->nothing_written;
    job->with_file_info = request->with_file_info;
    snprintf(job->target, sizeof job->target, "%s", request->target);
    if (start_thread(job) != 0) {
        free_job(job);
        return 0;
    }
    request->job = (uint64_t)(uintptr_t)job;
    request->error = 0;
    return 0;
}

unix_status next_event(void *argument)
{
    struct next_request *request = argument;
    struct job *job = job_of(request->job);
    uint64_t handle = request->job;

    pthread_mutex_lock(&job->lock);
    if (job->event_taken) {
        job->event_taken = false;
        job->event_ready = false;
        job->answer_abort = request->answer_abort;
        job->answer_skip = request->answer_skip;
        job->answered = true;
        pthread_cond_broadcast(&job->changed);
    }
    while (!job->event_ready)
        pthread_cond_wait(&job->changed, &job->lock);
    job->event_taken = true;
    *request = job->event;
    request->job = handle;
    pthread_mutex_unlock(&job->lock);
    return 0;
}

unix_status end_apply(void *argument)
{
    struct job *job = job_of(((struct end_request *)argument)->job);

    pthread_join(job->thread, NULL);
    free_job(job);
    return 0;
}
