/* One job is one image being applied or captured, with libwim on a thread of its own, which never enters Wine; the Windows thread fetches
 * the events. */
#ifndef PRESTAGE_BRIDGE_JOB_H
#define PRESTAGE_BRIDGE_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <wimlib.h>

#include "bridge-unix.h"

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

    uint32_t (*work)(struct job *); /* its result is the error that the job ends with */
    WIMStruct *wim;
    int image;

    /* of an apply */
    bool nothing_written, with_file_info;
    char target[PATH_BYTES];

    /* of a capture */
    struct open_request *file;
    char source[PATH_BYTES];

    struct next_request event;
    bool event_ready, event_taken, answered;
    bool answer_abort, answer_skip;

    struct entry *entries;
    size_t entry_count, entry_capacity;
    struct telling directories, files;
    int percent_told;
    struct timespec started;
};

/* A new job without thread; NULL when there is no memory. */
struct job *new_job(uint32_t (*work)(struct job *));
/* Starts its thread: 0, or the job is freed and this is the error. */
uint32_t start_job(struct job *job);

/* On the job's thread. Those that return bool: true when the run is to be aborted. */
bool tell(struct job *job, enum event_type type);
bool tell_percent(struct job *job, int percent);
/* Tells the directories (or files) up to number `count`, then the position reached. */
bool tell_up_to(struct job *job, struct telling *telling, size_t count);
bool tell_all_entries(struct job *job);
/* Lists the entries of the job's image and tells how many there are; an error. */
uint32_t list_entries(struct job *job);

uint64_t share(uint64_t whole, uint64_t done, uint64_t total);

#endif
