/*
 * A manager in an arena of just the size that its header says: random operations, failing hooks,
 * keys and texts beyond what the limits allow. Whatever the limits let through has memory; what
 * they refuse is ENOMEM and has changed nothing; at the end every limit was met.
 *
 * Works with any manager, by its descriptor. Built by tests/small/test_limits.py with
 *   -DHEADER="scsi.h" -DTYPE=scsi_manager_type -DARENA_SIZE=SCSI_ARENA_SIZE -DSLOTS (parts of a
 *   slot that callers name)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include HEADER

#include <berth/table.h>

#include "model/tracked/instance.h"

enum { STEPS = 40000, MOST_RESERVATIONS = 64, TEXT = 300, N_ITEMS = 20 };

#ifdef BERTH_NO_CLOCK
int64_t berth_now(void)
{
    return 0;
}
#endif

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)printf("%s:%d: not so: %s (step %d)\n", __FILE__, __LINE__, #condition, step);   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static int step;
static uint64_t seed = 88172645463325252u;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % n;
}

/* Memory: what the arena refuses, ends the test. */

static unsigned char memory[ARENA_SIZE];
static berth_arena arena;

static void *take(void *ctx, size_t size)
{
    void *block = arena.allocator.alloc(ctx, size);

    CHECK(block);
    return block;
}

static void give(void *ctx, void *block, size_t size)
{
    arena.allocator.release(ctx, block, size);
}

static int next_uuid(void *ctx, uuid_t out)
{
    static uint32_t last;

    (void)ctx;
    uuid_clear(out);
    last++;
    memcpy(out, &last, sizeof last);
    return 0;
}

/* Backend: three hooks in four end ok. */

static int call(const void *backend, uint8_t hook, berth_call *handle, const void *view, void *out)
{
    (void)backend;
    (void)hook;
    (void)handle;
    (void)view;
    (void)out;
    switch (below(8)) {
    case 0:
        return -EIO;
    case 1:
        return BERTH_UNCERTAIN(-ETIMEDOUT);
    default:
        return 0;
    }
}

static bool has(const void *backend, uint8_t hook)
{
    (void)backend;
    (void)hook;
    return true;
}

/* Arguments */

static const berth_manager_type *type;
static berth_manager *manager;
static uuid_t reservations[MOST_RESERVATIONS];
static unsigned n_reservations;

/*
 * A key of some 50, or another field that is the same for all of that key. Texts are long for some
 * keys, too long for few.
 */
static void set_field(const berth_field *field, unsigned char *config, uint32_t key, char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char *items[N_ITEMS];
    void *to = config + field->config_offset;
    uint32_t length = key % 17 == 16 ? 250 : 4 + key % 40;

    switch (field->type) {
    case BERTH_STRING:
        if (field->max_length > 0 && length > field->max_length)
            length = field->max_length;
        memset(text, letters[key % 26], length);
        text[length] = '\0';
        (void)snprintf(text, TEXT, "%02u", key % 100);
        text[2] = letters[key % 26];
        memcpy(to, &text, sizeof text);
        break;
    case BERTH_U8:
    case BERTH_U16:
    case BERTH_U32:
    case BERTH_U64:
        if (field->flags & BERTH_KEY)
            memcpy(to, &(uint8_t){(uint8_t)key}, 1); /* the rest is zero, and so is a config of a
                                                        machine with the low byte first */
        break;
    case BERTH_LIST:
    case BERTH_SET: /* an even number of items, which the next caller gives in another order */
        for (uint32_t i = 0; i < N_ITEMS; i++)
            items[i] = &letters[(i + (uint32_t)step) % N_ITEMS];
        memcpy(to, &(berth_strings){items, key % 3 > 0 ? N_ITEMS : 0}, sizeof(berth_strings));
        break;
    default:
        break;
    }
}

static int run(uint8_t number)
{
    const berth_operation *operation = &type->operations[number];
    static unsigned char configs[BERTH_MAX_LEVELS][512];
    static char texts[BERTH_MAX_LEVELS][16][TEXT];
    const void *path[BERTH_MAX_LEVELS];
    const uint32_t at[8] = {0, below(64), 0};
    uint32_t which = n_reservations > 0 ? below(n_reservations) : 0;
    uuid_t given;
    uuid_t wanted = {0};
    uint64_t some = below(60);
    char name[24];
    static void *const unwanted[UINT8_MAX] = {NULL};
    berth_request request = {
        .operation = number,
        .config = path,
        .gives = given,
        .at = at,
        .by = &some,
        .results = unwanted,
        .deadline = BERTH_NO_DEADLINE,
    };
    uint8_t resource = operation->resource;
    uint32_t most = type->limits->resources[manager_path_resource(type, resource, 0)].instances + 4;
    int rc;

    (void)snprintf(name, sizeof name, "%u", (unsigned)some);
    if (operation->by > 0 &&
        type->resources[resource].assigned[operation->by - 1].type == BERTH_CHARS)
        request.by = name;
    memset(configs, 0, sizeof configs);
    for (unsigned level = operation->levels; level-- > 0;
         resource = type->resources[resource].parent) {
        const berth_resource *of = &type->resources[resource];
        uint32_t key = below(level == 0 ? most : 4);

        for (uint8_t i = 0; i < of->n_fields; i++)
            set_field(&of->fields[i], configs[level], key, texts[level][i]);
        path[level] = configs[level];
    }
    if (operation->form == BERTH_WITH && n_reservations > 0)
        uuid_copy(wanted, reservations[which]);
    request.reservation = wanted;
    rc = berth_manager_run(manager, &request, NULL);
    if (rc == 0 && (operation->flags & BERTH_GIVES)) {
        CHECK(n_reservations < MOST_RESERVATIONS);
        uuid_copy(reservations[n_reservations++], given);
    }
    if ((rc == 0 && (operation->flags & BERTH_ENDS)) ||
        (rc == -ENOENT && operation->form == BERTH_WITH && n_reservations > 0))
        uuid_copy(reservations[which], reservations[--n_reservations]);
    return rc;
}

/* What is there, as one number: to see whether anything changed. */
static int add_up(void *arg, const berth_item *item)
{
    uint64_t *sum = arg;

    *sum = *sum * 31 + item->resource * 7u + item->state * 3u + item->refs * 11u + item->children;
    return 0;
}

static uint64_t digest(void)
{
    uint64_t sum = 1;

    CHECK(berth_manager_for_each(manager, add_up, &sum) == 0);
    return sum * 67 + n_reservations;
}

static uint32_t met[256];
static uint32_t met_reservations;
static unsigned refused;

static void observe(void)
{
    for (unsigned i = 1; i <= type->n_resources; i++) {
        CHECK(manager->layouts[i].blocks <= type->limits->resources[i].instances);
        if (manager->layouts[i].blocks > met[i])
            met[i] = manager->layouts[i].blocks;
    }
    CHECK(n_reservations <= type->limits->reservations);
    if (n_reservations > met_reservations)
        met_reservations = n_reservations;
}

static void one_step(void)
{
    uint8_t number = (uint8_t)(1 + below(type->n_operations));
    const berth_operation *operation = &type->operations[number];
    bool makes = operation->form == BERTH_OBTAIN || operation->form == BERTH_CREATE;
    uint64_t before;
    size_t used = arena.used;

    if (!makes && below(8) > 0 && step / 2000 % 2 == 0) /* by turns it fills up and empties */
        return;
    /* what rests without a holder fills it up for good */
    if (operation->form == BERTH_CREATE && below(500) > 0)
        return;
    before = digest();
    if (run(number) == -ENOMEM) {
        refused++;
        CHECK(digest() == before);
        /* pools keep the nodes that they have made */
        CHECK(arena.used >= used && arena.used - used <= 3 * BERTH_ROOM_POOL_NODE);
    }
    observe();
}

static void summary(void)
{
    (void)printf("%s: %zu of %zu bytes, %u refused;", type->name, arena.peak, (size_t)ARENA_SIZE,
                 refused);
    for (unsigned i = 1; i <= type->n_resources; i++)
        (void)printf(" %s %" PRIu32 "/%" PRIu32, type->resources[i].name, met[i],
                     type->limits->resources[i].instances);
    (void)printf(" reservations %" PRIu32 "/%" PRIu32 "\n", met_reservations,
                 type->limits->reservations);
}

static void never(void *arg, int code)
{
    (void)arg;
    (void)code;
    CHECK(false);
}

/* What is started brings its own memory: limits have none for it. */
static void start_without_memory(void)
{
    const void *path[BERTH_MAX_LEVELS] = {0};
    const berth_request request = {.operation = 1, .config = path, .deadline = BERTH_NO_DEADLINE};
    size_t used = arena.used;

    CHECK(berth_manager_start(manager, &request, NULL, NULL, never, NULL) == -ENOMEM);
    CHECK(arena.used == used);
}

int main(void)
{
    static berth_manager_type changed;
    const berth_allocator allocator = {take, give, &arena};
    const berth_config config = {.allocator = &allocator, .uuid = next_uuid};
    const char backend[8] = {0};

    changed = TYPE;
    changed.call = call;
    changed.has = has;
    changed.backend_version = 0;
    changed.backend_size = sizeof backend;
    type = &changed;
    berth_arena_init(&arena, memory, sizeof memory);
    CHECK(berth_manager_create(type, NULL, backend, &config, &manager, NULL) == 0);
    start_without_memory();
    for (step = 0; step < STEPS; step++) {
        if (step % 20000 == 19999) { /* begin anew: nothing is lost */
            CHECK(berth_manager_discard(manager) == 0);
            CHECK(berth_manager_destroy(manager, NULL) == 0);
            CHECK(arena.used == 0);
            n_reservations = 0;
            CHECK(berth_manager_create(type, NULL, backend, &config, &manager, NULL) == 0);
        }
        one_step();
    }
    CHECK(berth_manager_discard(manager) == 0);
    CHECK(berth_manager_destroy(manager, NULL) == 0);
    CHECK(arena.used == 0);
    summary();
    CHECK(refused > 100);
    for (unsigned i = 1; i <= type->n_resources; i++)
        CHECK(met[i] == type->limits->resources[i].instances);
    CHECK(met_reservations == type->limits->reservations);
    return 0;
}
