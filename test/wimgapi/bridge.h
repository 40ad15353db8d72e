/* What the two halves of the bridge say to each other: wimbridge.dll (Windows side, has the wimgapi functions) calls wimbridge.so
 * (Linux side, has libwim) through Wine's unix calls. Every request is one structure, filled in by both. */
#ifndef PRESTAGE_BRIDGE_H
#define PRESTAGE_BRIDGE_H

#include <stdint.h>

enum { PATH_BYTES = 4096, EVENT_PATH_BYTES = 8192 };

/* Index into __wine_unix_call_funcs. */
enum request {
    REQUEST_OPEN,
    REQUEST_CREATE,
    REQUEST_CLOSE,
    REQUEST_XML,
    REQUEST_APPLY,
    REQUEST_CAPTURE,
    REQUEST_SET_PROPERTY,
    REQUEST_SET_BOOT_IMAGE,
    REQUEST_NEXT_EVENT,
    REQUEST_END_JOB
};

/* `error` is a Windows error code (winerror.h) everywhere; 0 is success. Handles are Linux pointers. */

struct open_request {
    char path[PATH_BYTES];
    uint32_t check_integrity; /* of a WIM that is written: it gets an integrity table */
    uint32_t for_writing;
    uint32_t error;
    uint64_t wim;
    uint32_t image_count, boot_index, compression;
    uint32_t part_number, part_count;
    uint32_t has_integrity_table, is_readonly, has_relative_path_fix, is_solid;
    uint8_t guid[16];
    uint32_t is_written; /* the file is a WIM already */
    uint32_t is_changed; /* there is something to write on closing */
};

struct xml_request {
    uint64_t wim;
    uint8_t *buffer;
    uint64_t capacity;
    uint64_t length; /* of the whole XML: call again when it exceeds the capacity */
    uint32_t error;
};

struct apply_request {
    uint64_t wim;
    uint32_t image;
    uint32_t nothing_written; /* WIM_FLAG_NO_APPLY: messages only */
    uint32_t with_file_info;  /* WIM_FLAG_FILEINFO */
    char target[PATH_BYTES];
    uint64_t job;
    uint32_t error;
};

/* Adds an image of a folder. The file's image_count tells its number, when it has succeeded. */
struct capture_request {
    struct open_request *file;
    char source[PATH_BYTES];
    uint64_t job;
    uint32_t error;
};

/* An element of an image's XML, such as NAME; UTF-8. Of REQUEST_SET_BOOT_IMAGE: the image alone, 0 for none. */
struct property_request {
    struct open_request *file;
    uint32_t image;
    uint32_t error;
    const char *name, *value;
};

enum event_type { EVENT_DONE, EVENT_PROGRESS, EVENT_PROCESS, EVENT_FILE_INFO, EVENT_SET_RANGE, EVENT_SET_POSITION, EVENT_ERROR };

/* The Windows thread that called WIMApplyImage or WIMCaptureImage asks again and again for the next event; with each question it gives the answer to
 * the event before. libwim's thread waits meanwhile, as Microsoft's DLL waits for the message callback. */
struct next_request {
    uint64_t job;
    uint32_t answer_abort, answer_skip;
    uint32_t type;
    uint32_t error;
    uint32_t percent;
    uint32_t milliseconds_left;
    uint32_t file_count; /* range, or position in it */
    uint32_t attributes, links;
    uint64_t size, file_id;
    uint64_t created, accessed, written; /* FILETIME */
    char path[EVENT_PATH_BYTES];         /* within the image, UTF-8, '/' */
};

struct end_request {
    uint64_t job;
};

#endif
