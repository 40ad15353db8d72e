/* The thread of a job, and what it tells.
 *
 * libwim has no event for a single file. So the image's tree is listed first, and "now processing FILE" is told in step with libwim's own
 * progress: the order and the number are right, the moment is not. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge-job.h"

enum { STACK_BYTES = 8 << 20 };

static struct job *job_of(uint64_t handle)
{
    return (struct job *)(uintptr_t)handle;
}

/* libwim's thread: hands the event over and waits for its answer. True when the run is to be aborted. */
bool tell(struct job *job, enum event_type type)
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

bool tell_up_to(struct job *job, struct telling *telling, size_t count)
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

bool tell_all_entries(struct job *job)
{
    return tell_up_to(job, &job->directories, job->directories.total) || tell_up_to(job, &job->files, job->files.total);
}

bool tell_percent(struct job *job, int percent)
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

uint64_t share(uint64_t whole, uint64_t done, uint64_t total)
{
    return (uint64_t)((double)whole * done / total);
}

uint32_t list_entries(struct job *job)
{
    uint32_t error;
    int result;

    errno = 0;
    result = wimlib_iterate_dir_tree(job->wim, job->image, "/", WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE, collect_entry, job);
    error = windows_error(result, errno);
    if (error)
        return error;
    job->event.file_count = (uint32_t)job->entry_count;
    return tell(job, EVENT_SET_RANGE) ? WINDOWS_REQUEST_ABORTED : 0;
}

static void *run_job(void *argument)
{
    struct job *job = argument;
    uint32_t error;

    job->percent_told = -1;
    clock_gettime(CLOCK_MONOTONIC, &job->started);
    error = job->work(job);
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

struct job *new_job(uint32_t (*work)(struct job *))
{
    struct job *job = calloc(1, sizeof *job);

    if (!job)
        return NULL;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    job->work = work;
    return job;
}

uint32_t start_job(struct job *job)
{
    if (start_thread(job) == 0)
        return 0;
    free_job(job);
    return WINDOWS_OUT_OF_MEMORY;
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

unix_status end_job(void *argument)
{
    struct job *job = job_of(((struct end_request *)argument)->job);

    pthread_join(job->thread, NULL);
    free_job(job);
    return 0;
}
