/* The file: it is found or made, and opened. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "object.h"

int64_t clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waiting */

static int wait_for_others(void *arg, int n)
{
    struct berth_sqlite *store = arg;
    const struct timespec pause = {.tv_nsec = 1000000};
    int64_t now = clock_now();

    if (n == 0)
        store->waits_since = now;
    if (now >= store->deadline)
        store->late = true;
    if (store->late || now - store->waits_since >= (int64_t)store->options.busy_ms * 1000000)
        return 0;
    (void)nanosleep(&pause, NULL);
    return 1;
}

static int is_late(void *arg)
{
    struct berth_sqlite *store = arg;

    store->late = store->late || clock_now() >= store->deadline;
    return store->late;
}

void file_impatient(struct berth_sqlite *store, int64_t deadline)
{
    store->deadline = deadline;
    store->late = false;
    if (store->db && deadline != BERTH_NO_DEADLINE)
        sqlite3_progress_handler(store->db, 10000, is_late, store);
}

void file_patient(struct berth_sqlite *store)
{
    store->deadline = BERTH_NO_DEADLINE;
    store->late = false;
    if (store->db)
        sqlite3_progress_handler(store->db, 0, NULL, NULL);
}

/* Connections */

static int connect_to(struct berth_sqlite *store, const char *path, int flags)
{
    int rc;

    errno = 0;
    rc = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (!store->db)
        return error_memory(store);
    (void)sqlite3_extended_result_codes(store->db, 1);
    return rc == SQLITE_OK ? 0 : error_sql(store, rc);
}

static void disconnect(struct berth_sqlite *store)
{
    (void)sqlite3_close(store->db);
    store->db = NULL;
}

/* Is it a store? `db` only reads the file. 1: it is not whole without its log. */
static int check_identity(struct berth_sqlite *store)
{
    int application = 0, layout = 0, schema = 0;
    int rc = sql_number(store, "application_id", &application);

    if (rc == 0)
        rc = sql_number(store, "user_version", &layout);
    if (rc == 0)
        rc = sql_number(store, "schema_version", &schema);
    if (rc < 0)
        return rc;
    if (application != APPLICATION_ID)
        return error_set(store, -EBADMSG, "the file belongs to another program, or is damaged");
    if ((layout & LOG_MARK ? layout & LAYOUT_MASK : layout) != LAYOUT)
        return error_set(store, -EPROTO, "the file has layout %d, and this library knows %d",
                         layout & LAYOUT_MASK, LAYOUT);
    return log_is_needed(layout, schema);
}

/* SQLite takes a file whose end is cut off for one with fewer pages. The log may have the rest. */
static int check_size(struct berth_sqlite *store)
{
    struct stat found;
    int page = 0, rc = sql_number(store, "page_size", &page);

    if (rc == 0 && page > 0 && stat(store->path, &found) == 0 && found.st_size % page != 0)
        rc = error_damaged(store, "its size is no multiple of its pages");
    return rc;
}

/* A path as a URI of SQLite; free() frees it. NULL: out of memory. */
static char *make_uri(const char *path, const char *parameters)
{
    char *uri = malloc(3 * strlen(path) + strlen(parameters) + 16), *to = uri;

    if (!uri)
        return NULL;
    to += sprintf(to, "%s", *path == '/' ? "file://" : "file:");
    for (; *path; path++) {
        if (strchr("%?#", *path))
            to += sprintf(to, "%%%02x", (unsigned)*path);
        else
            *to++ = *path;
    }
    (void)sprintf(to, "?%s", parameters);
    return uri;
}

/*
 * Looks at the file without touching it: a usual connection would play the log of another program.
 * Reading the file past SQLite would let go of the locks of this process.
 */
static int probe(struct berth_sqlite *store, bool has_log)
{
    char *uri = make_uri(store->path, "immutable=1");
    int rc;

    if (!uri)
        return error_memory(store);
    rc = connect_to(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    free(uri);
    /*
     * While a process writes the log into the file, the file may be shorter than its first page
     * says; also after that process was killed. Without this, SQLite takes that for damage.
     */
    if (rc == 0)
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
    if (rc == 0)
        rc = check_identity(store);
    if (rc >= 0 && !has_log) {
        const int size = check_size(store);

        rc = size < 0 ? size : rc;
    }
    disconnect(store);
    return rc;
}

/* Making the file */

/* Gives a new file its name, unless somebody was quicker. It has lost its old name then. */
static int name_file(struct berth_sqlite *store, const char *from)
{
    int code;

    if (renameat2(AT_FDCWD, from, AT_FDCWD, store->path, RENAME_NOREPLACE) == 0)
        return 0;
    code = errno;
    if (code == EINVAL || code == ENOSYS)
        code = link(from, store->path) == 0 ? 0 : errno;
    (void)unlink(from);
    return code == 0 || code == EEXIST ? 0 : error_set(store, -code, "%s", strerror(code));
}

static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    char *end;
    int fd;

    (void)snprintf(folder, sizeof folder, "%s", path);
    end = strrchr(folder, '/');
    if (end)
        end[end == folder ? 1 : 0] = '\0';
    fd = open(end ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static int fill_file(struct berth_sqlite *store, const berth_store_manager *manager)
{
    uint16_t random;
    int rc = sql_run(store, "PRAGMA page_size = %d", PAGE_SIZE);

    sqlite3_randomness(sizeof random, &random);

    if (rc == 0)
        rc = sql_run(store, "BEGIN");
    if (rc == 0)
        rc = sql_run(store, "PRAGMA application_id = %d", APPLICATION_ID);
    if (rc == 0)
        rc = sql_run(store, "PRAGMA user_version = %d", LAYOUT);
    /* A copy begins with 1, and has one more each time that SQLite writes over it. */
    if (rc == 0)
        rc = sql_run(store, "PRAGMA schema_version = %d", 1000 + random % 10000);
    if (rc == 0)
        rc = header_make(store, manager);
    if (rc == 0)
        rc = sql_run(store, "COMMIT");
    if (rc == 0)
        rc = sql_run(store, "PRAGMA journal_mode = WAL");
    return rc;
}

/*
 * An empty file under a name that nobody else has, to be freed by sqlite3_free(). A number of the
 * process would not do: threads share it, and so may containers with the same folder.
 */
static int make_empty(struct berth_sqlite *store, char **fresh)
{
    for (unsigned i = 0; i < 100; i++) {
        uint64_t random;
        int fd, code;

        sqlite3_randomness(sizeof random, &random);
        *fresh = sqlite3_mprintf("%s-new-%016llx", store->path, (unsigned long long)random);
        if (!*fresh)
            return error_memory(store);
        fd = open(*fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd >= 0)
            return close(fd);
        code = errno;
        sqlite3_free(*fresh);
        if (code != EEXIST)
            return error_set(store, -code, "%s", strerror(code));
    }
    return error_set(store, -EEXIST, "no new name was free");
}

/* Makes a whole file under another name first. So there is never a part of a store at `path`. */
static int make_whole(struct berth_sqlite *store, const berth_store_manager *manager)
{
    char *fresh;
    int rc = make_empty(store, &fresh);

    if (rc < 0)
        return rc;
    rc = connect_to(store, fresh, SQLITE_OPEN_READWRITE);
    if (rc == 0)
        rc = fill_file(store, manager);
    disconnect(store);
    if (rc == 0)
        rc = name_file(store, fresh);
    else
        (void)unlink(fresh);
    sqlite3_free(fresh);
    sync_folder(store->path);
    return rc;
}

static int make_file(struct berth_sqlite *store, const berth_store_manager *manager)
{
    char *log = sqlite3_mprintf("%s-wal", store->path);
    int rc = 0;

    if (!log)
        return error_memory(store);
    /* Another process may have made both just now. It makes the log last. */
    if (access(log, F_OK) == 0 && access(store->path, F_OK) != 0)
        rc = error_set(store, -EBADMSG, "the file is missing, and its log is there (%s)", log);
    sqlite3_free(log);
    return rc == 0 ? make_whole(store, manager) : rc;
}

static int find_or_make(struct berth_sqlite *store, const berth_store_manager *manager)
{
    struct stat found;

    if (stat(store->path, &found) != 0) {
        if (errno != ENOENT || store->options.must_exist)
            return error_set(store, -errno, "%s", strerror(errno));
        return make_file(store, manager);
    }
    if (!S_ISREG(found.st_mode))
        return error_set(store, -EBADMSG, "it is no file");
    if (found.st_size == 0)
        return error_damaged(store, "it is empty, which a store never is");
    return 0;
}

/* Opening */

/* Does the log work here? It needs memory that is shared through a file. */
static int use_log(struct berth_sqlite *store)
{
    sqlite3_stmt *statement = NULL;
    int rc = sql_prepare(store, &statement, "PRAGMA journal_mode = WAL");

    if (rc == 0)
        rc = sql_next(store, statement);
    if (rc >= 0) {
        const unsigned char *mode = rc == 1 ? sqlite3_column_text(statement, 0) : NULL;

        rc = mode && sqlite3_stricmp((const char *)mode, "wal") == 0
                 ? 0
                 : error_set(store, -ENOTSUP, "this file system cannot share memory");
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

static int note_log(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct berth_sqlite *store = arg;

    (void)db, (void)name;
    store->log_pages = pages;
    return SQLITE_OK;
}

static int set_up(struct berth_sqlite *store)
{
    int rc;

    store->log_is_held = false;
    (void)sqlite3_wal_hook(store->db, note_log, store);
    (void)sqlite3_busy_handler(store->db, wait_for_others, store);
    /* A refused file is left as it is: its damaged log as well. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    file_impatient(store, store->deadline);
    rc = sql_run(store, "PRAGMA cell_size_check = ON");
    if (rc == 0)
        rc = use_log(store);
    if (rc == 0)
        rc = sql_synchronous(store, store->options.full);
    if (rc == 0)
        rc = sql_prepare(store, &store->begin, "BEGIN IMMEDIATE");
    if (rc == 0)
        rc = sql_prepare(store, &store->commit, "COMMIT");
    if (rc == 0)
        rc = sql_prepare(store, &store->rollback, "ROLLBACK");
    return rc;
}

/*
 * Another process may open or close the store meanwhile. The log comes before the mark, and goes
 * after it. So a mark without a log counts if it is there before and after the log was looked for.
 */
static int check_file(struct berth_sqlite *store)
{
    int has_log = log_exists(store);
    int rc = has_log < 0 ? has_log : probe(store, has_log);

    if (rc <= 0 || has_log)
        return rc < 0 ? rc : 0;
    has_log = log_exists(store);
    rc = has_log < 0 ? has_log : probe(store, has_log);
    if (rc <= 0 || has_log)
        return rc < 0 ? rc : 0;
    return error_damaged(store, "its log is missing");
}

int file_open(struct berth_sqlite *store, const berth_store_manager *manager)
{
    int rc = find_or_make(store, manager);

    if (rc == 0)
        rc = check_file(store);
    if (rc == 0)
        rc = connect_to(store, store->path, SQLITE_OPEN_READWRITE);
    return rc == 0 ? set_up(store) : rc;
}

static pthread_mutex_t used_lock = PTHREAD_MUTEX_INITIALIZER;
static struct berth_sqlite *used; /* objects that are open */

void file_accept(struct berth_sqlite *store)
{
    struct stat found;

    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    if (stat(store->path, &found) != 0)
        return;
    pthread_mutex_lock(&used_lock);
    store->device = found.st_dev;
    store->inode = found.st_ino;
    store->next = used;
    used = store;
    pthread_mutex_unlock(&used_lock);
}

void file_leave(const struct berth_sqlite *store)
{
    pthread_mutex_lock(&used_lock);
    for (struct berth_sqlite **link = &used; *link; link = &(*link)->next)
        if (*link == store) {
            *link = store->next;
            break;
        }
    pthread_mutex_unlock(&used_lock);
}

bool file_is_used(const struct berth_sqlite *store, uint64_t epoch)
{
    bool is_used = false;
    struct stat found;

    if (stat(store->path, &found) != 0)
        return false;
    pthread_mutex_lock(&used_lock);
    for (const struct berth_sqlite *one = used; one && !is_used; one = one->next)
        is_used =
            one->device == found.st_dev && one->inode == found.st_ino && one->header.epoch == epoch;
    pthread_mutex_unlock(&used_lock);
    return is_used;
}

/*
 * Whoever closes the file last deletes its log. One with the mark must stay: a process could not
 * remove the mark, or has died before it did.
 */
static void keep_marked_log(struct berth_sqlite *store)
{
    int keeps = 1, layout = 0;

    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &keeps);
    if (!keeps && (sql_number(store, "user_version", &layout) < 0 || layout != LAYOUT))
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void file_close(struct berth_sqlite *store)
{
    sqlite3_stmt **statements[] = {&store->begin, &store->commit, &store->rollback, &store->advance,
                                   &store->position};

    for (unsigned i = 0; i < sizeof statements / sizeof *statements; i++) {
        (void)sqlite3_finalize(*statements[i]);
        *statements[i] = NULL;
    }
    if (store->db)
        keep_marked_log(store);
    disconnect(store);
}

bool file_has_moved(struct berth_sqlite *store)
{
    int moved = 0;

    return sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}
