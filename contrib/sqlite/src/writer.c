/* The thread that makes commits, for options.background. It has one at a time. */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>

#include "object.h"

static const berth_store_commit *next_commit(struct writer *writer)
{
    const berth_store_commit *commit;

    (void)pthread_mutex_lock(&writer->lock);
    while (!writer->commit && !writer->ends)
        (void)pthread_cond_wait(&writer->changed, &writer->lock);
    commit = writer->commit;
    writer->commit = NULL;
    (void)pthread_mutex_unlock(&writer->lock);
    return commit;
}

static void *write_commits(void *arg)
{
    struct berth_sqlite *store = arg;
    const berth_store_commit *commit;

    while ((commit = next_commit(&store->writer)))
        (void)berth_store_committed(store->writer.link, commit->sequence,
                                    store_make_commit(store, commit));
    return NULL;
}

/* Signals are for the threads of the program. */
static int start_thread(struct berth_sqlite *store)
{
    sigset_t all, before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&store->writer.thread, NULL, write_commits, store);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : error_set(store, -rc, "no thread for commits");
}

int writer_start(struct berth_sqlite *store, berth_store_link link)
{
    struct writer *writer = &store->writer;
    int rc;

    writer->link = link;
    writer->commit = NULL;
    writer->ends = false;
    (void)pthread_mutex_init(&writer->lock, NULL);
    (void)pthread_cond_init(&writer->changed, NULL);
    rc = start_thread(store);
    writer->runs = rc == 0;
    if (rc < 0) {
        (void)pthread_cond_destroy(&writer->changed);
        (void)pthread_mutex_destroy(&writer->lock);
    }
    return rc;
}

int writer_take(struct berth_sqlite *store, const berth_store_commit *commit)
{
    struct writer *writer = &store->writer;

    (void)pthread_mutex_lock(&writer->lock);
    writer->commit = commit;
    (void)pthread_cond_signal(&writer->changed);
    (void)pthread_mutex_unlock(&writer->lock);
    return BERTH_PENDING;
}

void writer_stop(struct berth_sqlite *store)
{
    struct writer *writer = &store->writer;

    if (!writer->runs)
        return;
    (void)pthread_mutex_lock(&writer->lock);
    writer->ends = true;
    (void)pthread_cond_signal(&writer->changed);
    (void)pthread_mutex_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);
    (void)pthread_cond_destroy(&writer->changed);
    (void)pthread_mutex_destroy(&writer->lock);
    writer->runs = false;
}
