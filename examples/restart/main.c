#define _DEFAULT_SOURCE /* mkdtemp */
/*
 * What callers must do after a restart. Ann and Ben have a tap each, and the process is killed
 * twice: inside the hook that adds Ben's tap, and inside the hook that removes it. Each life runs
 * the same code. `life` and what it calls is all that a program needs; `main` only kills and shows.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <berth_sqlite.h>

#include "host.h"
#include "rows.h"

static const char path[] = "taps.db";

/* What an owner has. */
struct search {
    const char *owner;
    uuid_t id; /* nil before: any id will do */
    bool found, releasing;
};

static int look(void *arg, const berth_reservation *reservation)
{
    struct search *search = arg;

    if (strcmp(reservation->owner, search->owner) == 0) {
        memcpy(search->id, reservation->id, sizeof search->id);
        search->found = true;
        search->releasing = reservation->releasing;
    }
    return 0;
}

/* The answer may have been lost: -ENOENT says that it is done. */
static int give_back(taps *manager, const struct search *had)
{
    int rc = taps_give_back(manager, had->id, NULL);

    printf("  %s gives back: %s\n", had->owner, berth_errno_name(rc));
    return rc == -ENOENT ? 0 : rc;
}

/* Asks what the owner has, and goes on from there. */
static int serve(taps *manager, const char *owner, const char *tap, bool leaves)
{
    const taps_tap_config config = {.name = tap};
    struct search had = {.owner = owner};
    int rc = taps_for_each_reservation(manager, look, &had);

    printf("  %s has %s\n", owner,
           !had.found      ? "no reservation"
           : had.releasing ? "one, its release has begun"
                           : "a reservation");
    if (rc < 0 || had.releasing)
        return rc < 0 ? rc : give_back(manager, &had);
    if (!had.found)
        rc = taps_reserve(manager, &config, had.id, owner, NULL);
    if (rc == 0)
        rc = taps_plug(manager, had.id, NULL);
    printf("  %s uses %s: %s\n", owner, tap, berth_errno_name(rc));
    return rc == 0 && leaves ? give_back(manager, &had) : rc;
}

/* From the start of a process to its end. */
static int life(struct host *host, bool ann_leaves, bool ben_leaves)
{
    const taps_backend backend = host_backend(host);
    berth_sqlite *store = berth_sqlite_create(path, NULL);
    taps *manager = NULL;
    int rc = -ENOMEM;

    if (store)
        rc = taps_open(NULL, &backend, NULL, berth_sqlite_store(store), &manager, NULL);
    if (rc == 0)
        rc = taps_recover(manager, BERTH_NO_DEADLINE, NULL);
    if (rc == 0)
        rc = serve(manager, "ann", "tap0", ann_leaves);
    if (rc == 0)
        rc = serve(manager, "ben", "tap1", ben_leaves);
    if (rc == 0)
        rc = taps_destroy(manager, NULL);
    berth_sqlite_free(store);
    return rc;
}

/* One life in a process of its own. True: it ended as it should, with SIGKILL if it is `deadly`. */
static bool run(struct host *host, unsigned number, const char *deadly)
{
    int status = 0;
    pid_t child;

    printf("life %u\n", number);
    host->deadly = deadly;
    child = fork(); /* nothing is open yet */
    if (child == 0)
        exit(life(host, number == 3, number >= 2) == 0 ? 0 : 1);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        printf("  killed by signal %d\n", WTERMSIG(status));
    if (rows_print(path) < 0)
        return false;
    return *deadly ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : status == 0;
}

int main(void)
{
    char folder[] = "/tmp/berth-restart-XXXXXX";
    struct host *host = host_make();
    bool good;

    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a process that is killed flushes nothing */
    if (!host || !mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    good = run(host, 1, "add tap1") && run(host, 2, "remove tap1") && run(host, 3, "");
    printf("the host has %s\n", host->has[0] || host->has[1] ? "taps left" : "no taps");
    (void)unlink("taps.db");
    (void)unlink("taps.db-wal");
    (void)unlink("taps.db-shm");
    (void)rmdir(folder);
    return good && !host->has[0] && !host->has[1] ? 0 : 1;
}
