/* Preloaded into Wine: a flush of a volume (FlushFileBuffers on \\.\C:) reaches Wine's server as a flush of the block device, which leaves the file
 * system's own memory alone. On Windows it writes all of the volume; here syncfs() does, on the file system that is mounted from the device. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* /proc/self/mountinfo: ID, parent, major:minor, root, mount point ... */
static void flush_mounted(dev_t device)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[1024], point[512];
    unsigned major_number, minor_number;

    if (!mounts)
        return;
    while (fgets(line, sizeof line, mounts)) {
        int folder;

        if (sscanf(line, "%*d %*d %u:%u %*s %511s", &major_number, &minor_number, point) != 3)
            continue;
        if (makedev(major_number, minor_number) != device)
            continue;
        folder = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            syncfs(folder);
            close(folder);
        }
    }
    fclose(mounts);
}

int fsync(int file)
{
    static int (*next)(int);
    struct stat found;

    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    if (fstat(file, &found) == 0 && S_ISBLK(found.st_mode))
        flush_mounted(found.st_rdev);
    return next(file);
}
