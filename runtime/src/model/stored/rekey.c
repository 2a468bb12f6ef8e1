/* A store whose rows get other names while they are loaded. */
#include <errno.h>
#include <string.h>

#include <berth/store.h>

#include "../../base/store/memory.h"
#include "../manager.h"

struct rekey_asking {
    int (*accept)(void *arg, const berth_store_manager *stored);
    void *arg;
    uint64_t spec_hash;
};

/* Rows of another version of the spec would change while `inner` is opened, and before load. */
static int accept_same_spec(void *arg, const berth_store_manager *stored)
{
    const struct rekey_asking *asking = arg;

    return stored->spec_hash == asking->spec_hash ? asking->accept(asking->arg, stored) : -EINVAL;
}

static int rekey_open(void *ctx, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                      berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    berth_rekey *rekey = ctx;
    struct rekey_asking asking = {accept, arg, manager->spec_hash};

    rekey->link = link;
    rekey->tables = manager->tables;
    rekey->n_tables = manager->n_tables;
    return rekey->inner->open(rekey->inner->ctx, manager, accept_same_spec, &asking, link, deadline,
                              opened);
}

/* Where a row goes when it has its new names. */
struct rekeying {
    const berth_rekey *rekey;
    int (*put)(void *arg, uint16_t table, const berth_store_value *values);
    void *arg;
    berth_store_value *values; /* as many as the widest table has */
};

/* Columns of the runtime's own begin with "_". */
static int rename_row(const struct rekeying *rekeying, const berth_store_table *table)
{
    const berth_rekey *rekey = rekeying->rekey;
    int rc = 0;

    for (uint16_t i = 0; i < table->n_columns && rc == 0; i++)
        if (table->columns[i].name[0] != '_')
            rc = rekey->rename(rekey->ctx, table->name, &table->columns[i], &rekeying->values[i]);
    return rc;
}

static int put_renamed(void *arg, uint16_t table, const berth_store_value *values)
{
    const struct rekeying *rekeying = arg;
    const berth_store_table *of = &rekeying->rekey->tables[table];
    int rc;

    if (of->name[0] == '_')
        return rekeying->put(rekeying->arg, table, values);
    memcpy(rekeying->values, values, of->n_columns * sizeof *values);
    rc = rename_row(rekeying, of);
    return rc == 0 ? rekeying->put(rekeying->arg, table, rekeying->values) : rc;
}

static int rekey_load(void *ctx,
                      int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                      void *arg, int64_t deadline)
{
    const berth_rekey *rekey = ctx;
    const berth_allocator *allocator = &rekey->link.manager->allocator;
    struct rekeying rekeying = {.rekey = rekey, .put = put, .arg = arg};
    size_t size = 0;
    int rc;

    for (uint16_t i = 0; i < rekey->n_tables; i++)
        if (size < rekey->tables[i].n_columns * sizeof(berth_store_value))
            size = rekey->tables[i].n_columns * sizeof(berth_store_value);
    rekeying.values = memory_alloc(allocator, size);
    if (!rekeying.values)
        return -ENOMEM;
    rc = rekey->inner->load(rekey->inner->ctx, put_renamed, &rekeying, deadline);
    memory_free(allocator, rekeying.values, size);
    return rc;
}

/* Rows with new names would be among rows with old ones. */
static int rekey_commit(void *ctx, const berth_store_commit *commit)
{
    (void)ctx;
    (void)commit;
    return -EROFS;
}

static int rekey_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                         int (*next)(void *arg, berth_store_change *row), void *arg)
{
    (void)ctx;
    (void)epoch;
    (void)sequence;
    (void)next;
    (void)arg;
    return -EROFS;
}

static int rekey_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    const berth_rekey *rekey = ctx;

    return rekey->inner->set_place(rekey->inner->ctx, epoch, place);
}

static void rekey_close(void *ctx)
{
    const berth_rekey *rekey = ctx;

    rekey->inner->close(rekey->inner->ctx);
}

void berth_rekey_init(berth_rekey *rekey, const berth_store *inner,
                      int (*rename)(void *ctx, const char *resource,
                                    const berth_store_column *column, berth_store_value *value),
                      void *ctx)
{
    *rekey = (berth_rekey){
        .store = {.version = BERTH_STORE_VERSION,
                  .ctx = rekey,
                  .backend = inner->backend,
                  .open = rekey_open,
                  .load = rekey_load,
                  .commit = rekey_commit,
                  .replace = rekey_replace,
                  .close = rekey_close,
                  .set_place = rekey_set_place},
        .inner = inner,
        .rename = rename,
        .ctx = ctx,
    };
}
