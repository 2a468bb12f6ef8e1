#include "uuids.h"

#include "base/data/uuid.h"

static void from_libuuid(void *ctx, uuid_t out)
{
    (void)ctx;
    uuid_generate_random(out);
}

const struct hand_uuids hand_libuuid = {.next = from_libuuid};

static void from_pool(void *ctx, uuid_t out)
{
    (void)uuid_source_next(ctx, out);
}

struct hand_uuids hand_pool_make(void)
{
    struct uuid_source *source = g_new0(struct uuid_source, 1);

    uuid_source_init(source, NULL, NULL);
    return (struct hand_uuids){.next = from_pool, .ctx = source};
}

void hand_pool_free(struct hand_uuids uuids)
{
    uuid_source_clear(uuids.ctx);
    g_free(uuids.ctx);
}
