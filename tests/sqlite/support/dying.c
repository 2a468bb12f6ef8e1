#include "dying.h"

#include <signal.h>
#include <string.h>

#include <sqlite3.h>

static sqlite3_vfs *system_vfs;
/* Those that were found, and what files have instead. Files without locks have others. */
static const sqlite3_io_methods *found[4];
static sqlite3_io_methods changed[4];
static int (*write_file)(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset);
static unsigned left; /* steps until it dies */

static void count_step(void)
{
    if (--left == 0)
        (void)raise(SIGKILL);
}

static int write_or_die(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    count_step();
    return write_file(file, bytes, size, offset);
}

/* All of them write in the same way. */
static void change_methods(sqlite3_file *file)
{
    unsigned i = 0;

    while (found[i] && found[i] != file->pMethods)
        i++;
    found[i] = file->pMethods;
    changed[i] = *file->pMethods;
    write_file = changed[i].xWrite;
    changed[i].xWrite = write_or_die;
    file->pMethods = &changed[i];
}

static int open_or_die(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int rc;

    (void)vfs;
    count_step();
    rc = system_vfs->xOpen(system_vfs, name, file, flags, out);
    if (rc == SQLITE_OK && file->pMethods)
        change_methods(file);
    return rc;
}

void dying_start(unsigned at)
{
    static sqlite3_vfs vfs;

    left = at;
    system_vfs = sqlite3_vfs_find(NULL);
    memcpy(&vfs, system_vfs, sizeof vfs);
    vfs.zName = "dying";
    vfs.xOpen = open_or_die;
    (void)sqlite3_vfs_register(&vfs, 1);
}
