/* firmware.so, preloaded into Wine (LD_PRELOAD): what Wine reads of the host's firmware comes from the folder PRESTAGE_FIRMWARE, so that a
 * prefix is a computer of its own, with its own serial number. Test equipment; nothing of it ships.
 *
 *   /sys/class/dmi/id/NAME      -> PRESTAGE_FIRMWARE/NAME         product_serial, sys_vendor, product_name, chassis_tag ...
 *   /var/lib/dbus/machine-id    -> PRESTAGE_FIRMWARE/machine-id   32 hexadecimal digits, of which Wine makes the UUID
 *
 * What is not in the folder is absent. Without PRESTAGE_FIRMWARE everything is the host's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char DMI[] = "/sys/class/dmi/id/";
static const char MACHINE_ID[] = "/var/lib/dbus/machine-id";

static const char *instead(const char *path, char *buffer, size_t capacity)
{
    const char *folder = getenv("PRESTAGE_FIRMWARE");
    const char *name = NULL;

    if (folder == NULL || path == NULL)
        return path;
    if (strncmp(path, DMI, sizeof DMI - 1) == 0)
        name = path + sizeof DMI - 1;
    else if (strcmp(path, MACHINE_ID) == 0)
        name = strrchr(path, '/') + 1;
    if (name == NULL)
        return path;
    snprintf(buffer, capacity, "%s/%s", folder, name);
    return buffer;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED FILE *fopen(const char *path, const char *mode)
{
    static FILE *(*real)(const char *, const char *);
    char buffer[PATH_MAX];

    if (real == NULL)
        real = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
    return real(instead(path, buffer, sizeof buffer), mode);
}

EXPORTED int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    char buffer[PATH_MAX];
    mode_t mode = 0;

    if (real == NULL)
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list more;

        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    return real(instead(path, buffer, sizeof buffer), flags, mode);
}
