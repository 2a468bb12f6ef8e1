/*
 * The log of SQLite (https://sqlite.org/fileformat2.html#walformat). SQLite takes the first frame
 * with a wrong sum for the end, so damage in the middle would silently drop commits after it. It
 * takes a log with a wrong beginning for an empty one.
 *
 * A machine that stops may leave both, and no process that is killed does:
 *
 * - A new beginning is written when all that was in the log is in the file, and reaches the disk
 *   before what follows. Where it is torn, nothing that counts follows.
 * - With synchronous=NORMAL the frames after it reach the disk in any order.
 *
 * So both are damage if the log was written since the machine was started.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "object.h"

enum { HEADER_SIZE = 32, FRAME_SIZE = 24, LEAST_PAGE = 512, MOST_PAGE = 65536 };

struct log {
    FILE *file;
    unsigned char header[HEADER_SIZE];
    unsigned char *frame; /* with its page */
    size_t page_size;
    bool big_endian;    /* of what is summed */
    uint32_t sum[2];    /* up to the last good frame */
    bool broken;        /* a frame had a wrong sum */
    unsigned lost_ends; /* ends of transactions from there on */
};

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t summand_at(const struct log *log, const unsigned char *bytes)
{
    if (log->big_endian)
        return number_at(bytes);
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static void add_up(const struct log *log, const unsigned char *bytes, size_t size, uint32_t sum[2])
{
    for (size_t i = 0; i < size; i += 8) {
        sum[0] += summand_at(log, bytes + i) + sum[1];
        sum[1] += summand_at(log, bytes + i + 4) + sum[0];
    }
}

static bool read_header(struct log *log)
{
    uint32_t magic = number_at(log->header);

    log->page_size = number_at(log->header + 8);
    log->big_endian = magic & 1;
    add_up(log, log->header, HEADER_SIZE - 8, log->sum);
    return magic >> 1 == 0x377f0682 >> 1 && log->page_size >= LEAST_PAGE &&
           log->page_size <= MOST_PAGE && log->page_size % 8 == 0 &&
           log->sum[0] == number_at(log->header + 24) && log->sum[1] == number_at(log->header + 28);
}

static void read_frame(struct log *log)
{
    uint32_t sum[2] = {log->sum[0], log->sum[1]};

    if (memcmp(log->frame + 8, log->header + 16, 8) != 0) {
        log->broken = true; /* of an earlier round */
        return;
    }
    add_up(log, log->frame, 8, sum);
    add_up(log, log->frame + FRAME_SIZE, log->page_size, sum);
    if (sum[0] != number_at(log->frame + 16) || sum[1] != number_at(log->frame + 20))
        log->broken = true;
    if (log->broken)
        log->lost_ends += number_at(log->frame + 4) != 0;
    memcpy(log->sum, sum, sizeof sum);
}

/* Is there something behind a beginning that says nothing? A log of zeros was never written. */
static bool has_frames(FILE *file)
{
    size_t n = 0;
    bool written = false;

    for (int byte; (byte = getc(file)) != EOF; n++)
        written = written || byte != 0;
    return written && n >= FRAME_SIZE + LEAST_PAGE;
}

/* Was it written before the machine was started? */
static bool is_old(FILE *file)
{
    struct stat found;
    struct timespec now, up;

    if (fstat(fileno(file), &found) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return false;
    return found.st_mtim.tv_sec < now.tv_sec - up.tv_sec - 1;
}

static int blame(struct berth_sqlite *store, const struct log *log, bool may_be_torn,
                 const char *what)
{
    return may_be_torn && is_old(log->file) ? 1 : error_damaged(store, what);
}

static int read_log(struct berth_sqlite *store, struct log *log)
{
    size_t size;

    if (fread(log->header, 1, HEADER_SIZE, log->file) < HEADER_SIZE)
        return 0; /* it is empty */
    if (!read_header(log))
        return has_frames(log->file) ? blame(store, log, true, "the beginning of its log is wrong")
                                     : 0;
    size = FRAME_SIZE + log->page_size;
    log->frame = malloc(size);
    if (!log->frame)
        return error_memory(store);
    while (fread(log->frame, 1, size, log->file) == size)
        read_frame(log);
    free(log->frame);
    /* The last transaction may be there in part: the process was killed. */
    if (log->lost_ends <= 1)
        return 0;
    return blame(store, log, !store->options.full, "its log has a hole");
}

/* SQLite follows links: the log is beside the file itself. */
char *log_path(const struct berth_sqlite *store)
{
    char *file = realpath(store->path, NULL), *path = NULL;

    if (asprintf(&path, "%s-wal", file ? file : store->path) < 0)
        path = NULL;
    free(file);
    return path;
}

int log_exists(struct berth_sqlite *store)
{
    char *path = log_path(store);
    int rc = path ? access(path, F_OK) == 0 : error_memory(store);

    free(path);
    return rc;
}

int log_check(struct berth_sqlite *store)
{
    char *path = log_path(store);
    struct log log = {0};
    int rc = 0;

    if (!path)
        return error_memory(store);
    log.file = fopen(path, "rbe");
    if (log.file) {
        rc = read_log(store, &log);
        (void)fclose(log.file);
    }
    free(path);
    return rc;
}

/* The mark of a file with this schema_version. */
static int mark_of(int schema)
{
    enum { SHIFT = 17, MOST = 0x3fff };

    return LOG_MARK | (int)(1 + (unsigned)schema % MOST) << SHIFT;
}

/* Earlier marks were without a number. */
bool log_is_needed(int layout, int schema)
{
    const int mark = layout & ~LAYOUT_MASK;

    return mark == LOG_MARK || mark == mark_of(schema);
}

static int set_mark(struct berth_sqlite *store, int mark)
{
    return sql_run(store, "PRAGMA user_version = %d", LAYOUT | mark);
}

void log_empty(struct berth_sqlite *store)
{
    const bool marks = !store->log_is_held;
    int pages = 0, written = -1, schema = 0;

    if (marks && sql_number(store, "schema_version", &schema) == 0)
        (void)set_mark(store, mark_of(schema));
    (void)sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &written);
    if (marks)
        (void)set_mark(store, 0); /* while the log has it as well, file_close() keeps the log */
    store->log_is_held = written < pages;
    store->log_pages = 0;
}
