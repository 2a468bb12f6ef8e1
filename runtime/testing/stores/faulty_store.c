/* A store that makes another one fail. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <berth/stores.h>

/* A commit that another thread makes. */
struct errand {
    berth_faulty_store *store;
    const berth_store_commit *commit;
    berth_fault fault;
};

/* Threads that make commits, and may still be in the manager. */
struct errands {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned running;
};

static int faulty_open(void *ctx, const berth_store_manager *manager,
                       int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                       berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    berth_faulty_store *store = ctx;

    int rc = store->inner->open(store->inner->ctx, manager, accept, arg, link, deadline, opened);

    if (rc != 0)
        return rc;
    store->link = link;
    store->errands = calloc(1, sizeof(struct errands));
    if (!store->errands)
        abort();
    pthread_mutex_init(&((struct errands *)store->errands)->lock, NULL);
    pthread_cond_init(&((struct errands *)store->errands)->changed, NULL);
    return 0;
}

static int faulty_load(void *ctx,
                       int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                       void *arg, int64_t deadline)
{
    const berth_faulty_store *store = ctx;

    return store->inner->load(store->inner->ctx, put, arg, deadline);
}

static bool takes_place(berth_fault fault)
{
    return fault == BERTH_FAULT_NONE || fault == BERTH_FAULT_DIE;
}

/* What is told of something whose result is `rc`, if it took place. */
static int answer(const berth_faulty_store *store, berth_fault fault, int rc)
{
    if (fault == BERTH_FAULT_REFUSE)
        return store->error < 0 ? store->error : -EIO;
    return fault == BERTH_FAULT_NONE ? rc : BERTH_UNCERTAIN(-EIO);
}

static int make_commit(const berth_faulty_store *store, const berth_store_commit *commit,
                       berth_fault fault)
{
    int rc = takes_place(fault) ? store->inner->commit(store->inner->ctx, commit) : 0;

    return answer(store, fault, rc);
}

static void *run_errand(void *arg)
{
    const struct errand errand = *(const struct errand *)arg;
    struct errands *errands = errand.store->errands;
    const uint64_t sequence = errand.commit->sequence;

    free(arg);
    (void)berth_store_committed(errand.store->link, sequence,
                                make_commit(errand.store, errand.commit, errand.fault));
    pthread_mutex_lock(&errands->lock);
    errands->running--;
    pthread_cond_broadcast(&errands->changed);
    pthread_mutex_unlock(&errands->lock);
    return NULL;
}

static int begin_errand(berth_faulty_store *store, const berth_store_commit *commit,
                        berth_fault fault)
{
    struct errands *errands = store->errands;
    struct errand *errand = malloc(sizeof *errand);
    pthread_t thread;

    if (!errand)
        return -ENOMEM;
    *errand = (struct errand){.store = store, .commit = commit, .fault = fault};
    pthread_mutex_lock(&errands->lock);
    errands->running++;
    pthread_mutex_unlock(&errands->lock);
    if (pthread_create(&thread, NULL, run_errand, errand) != 0)
        abort();
    pthread_detach(thread);
    return BERTH_PENDING;
}

static berth_fault next_fault(berth_faulty_store *store)
{
    berth_fault fault = BERTH_FAULT_NONE;

    store->n_commits++;
    if (store->dead)
        fault = BERTH_FAULT_LOSE;
    else if (store->at > 0 && store->n_commits == store->at)
        fault = store->fault;
    store->dead = store->dead || fault == BERTH_FAULT_LOSE || fault == BERTH_FAULT_DIE;
    return fault;
}

static int faulty_commit(void *ctx, const berth_store_commit *commit)
{
    berth_faulty_store *store = ctx;
    berth_fault fault = next_fault(store);

    return store->pends ? begin_errand(store, commit, fault) : make_commit(store, commit, fault);
}

static int faulty_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                          int (*next)(void *arg, berth_store_change *row), void *arg)
{
    berth_faulty_store *store = ctx;
    const berth_store *inner = store->inner;
    berth_fault fault = next_fault(store);
    int rc = takes_place(fault) ? inner->replace(inner->ctx, epoch, sequence, next, arg) : 0;

    return answer(store, fault, rc);
}

static int faulty_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    berth_faulty_store *store = ctx;
    const berth_store *inner = store->inner;
    berth_fault fault = next_fault(store);
    int rc = takes_place(fault) ? inner->set_place(inner->ctx, epoch, place) : 0;

    return answer(store, fault, rc);
}

static void faulty_close(void *ctx)
{
    berth_faulty_store *store = ctx;
    struct errands *errands = store->errands;

    pthread_mutex_lock(&errands->lock);
    while (errands->running > 0)
        pthread_cond_wait(&errands->changed, &errands->lock);
    pthread_mutex_unlock(&errands->lock);
    pthread_cond_destroy(&errands->changed);
    pthread_mutex_destroy(&errands->lock);
    free(errands);
    store->errands = NULL;
    store->inner->close(store->inner->ctx);
}

void berth_faulty_store_init(berth_faulty_store *store, const berth_store *inner)
{
    *store = (berth_faulty_store){
        .functions =
            {
                .version = BERTH_STORE_VERSION,
                .ctx = store,
                .backend = inner->backend,
                .begin_anew = inner->begin_anew,
                .open = faulty_open,
                .load = faulty_load,
                .commit = faulty_commit,
                .replace = faulty_replace,
                .close = faulty_close,
                .set_place = faulty_set_place,
            },
        .inner = inner,
    };
}
