/* For machines that have files: where the lines of <manager>_dump go. */
#ifndef BERTH_FILE_H
#define BERTH_FILE_H

#include <errno.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A berth_put that writes the line and a newline to a FILE *, which is not flushed:
 *
 *   scsi_dump(disks, berth_put_file, stderr);
 *
 * 0     written
 * -EIO  the file does not take it
 */
static inline int berth_put_file(void *file, const char *line)
{
    FILE *to = (FILE *)file;

    return fputs(line, to) < 0 || fputc('\n', to) < 0 ? -EIO : 0;
}

#ifdef __cplusplus
}
#endif
#endif
