#include "depot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocator */

static void *take(void *ctx, size_t size)
{
    struct depot *depot = ctx;
    void *memory = NULL;
    uint64_t nth;

    pthread_mutex_lock(&depot->lock);
    nth = ++depot->allocations;
    if (nth != depot->fail_allocation && (depot->fail_from == 0 || nth < depot->fail_from))
        memory = malloc(size);
    if (memory)
        depot->live_bytes += (int64_t)size;
    pthread_mutex_unlock(&depot->lock);
    if (memory)
        memset(memory, 0xa5, size); /* memory is not zero by itself */
    return memory;
}

static void give(void *ctx, void *memory, size_t size)
{
    struct depot *depot = ctx;

    pthread_mutex_lock(&depot->lock);
    depot->live_bytes -= (int64_t)size;
    pthread_mutex_unlock(&depot->lock);
    memset(memory, 0x5a, size);
    free(memory);
}

/* Life */

void depot_init(struct depot *depot)
{
    memset(depot, 0, sizeof *depot);
    depot->born = berth_now();
    pthread_mutex_init(&depot->lock, NULL);
    depot->allocator = (berth_allocator){take, give, depot};
}

int depot_create(struct depot *depot, const depot_options *options, const berth_config *config)
{
    struct depot_backend backend = {depot};
    berth_config full = config ? *config : (berth_config){0};

    full.allocator = &depot->allocator;
    return berth_manager_create(&depot_type, options, &backend, &full, &depot->manager, NULL);
}

void depot_start(struct depot *depot, const depot_options *options, const berth_config *config)
{
    depot_init(depot);
    assert_int_equal(depot_create(depot, options, config), 0);
}

static uint8_t first_row(const berth_resource *resource, const struct depot_change *change)
{
    return resource->cells[change->state * (WIPE + 1) + change->event].row;
}

static void change_rows(berth_row *row, const struct depot_change *change)
{
    bool more;

    do {
        more = row->or_next;
        if (change->ok.state > 0)
            row->ok = change->ok;
        if (change->fail.state > 0)
            row->fail = change->fail;
        row++;
    } while (more);
}

void depot_start_changed(struct depot *depot, const struct depot_change *change)
{
    static berth_manager_type type;
    static berth_resource resources[BOOK + 1];
    static berth_row rows[BOOK + 1][64];
    struct depot_backend backend = {depot};

    type = depot_type;
    type.resources = resources;
    for (unsigned i = RACK; i <= BOOK; i++) {
        resources[i] = depot_type.resources[i];
        resources[i].rows = rows[i];
        assert_true(resources[i].n_rows < 64);
        memcpy(rows[i], depot_type.resources[i].rows, (resources[i].n_rows + 1u) * sizeof **rows);
        change_rows(&rows[i][first_row(&resources[i], change)], change);
    }
    depot_init(depot);
    assert_int_equal(berth_manager_create(&type, NULL, &backend,
                                          &(berth_config){.allocator = &depot->allocator},
                                          &depot->manager, NULL),
                     0);
}

void depot_start_many(struct depot *depot, const berth_config *config)
{
    static berth_manager_type type;
    static berth_resource resources[BOOK + 1];
    static berth_assigned assigned[16];
    struct depot_backend backend = {depot};
    berth_config full = config ? *config : (berth_config){0};

    type = depot_type;
    memcpy(resources, depot_type.resources, sizeof resources);
    assert_true(resources[RACK].n_assigned <= 16);
    memcpy(assigned, resources[RACK].assigned, resources[RACK].n_assigned * sizeof *assigned);
    assigned[3].kind = BERTH_ASSIGN_HOOK;
    assigned[3].indexed = false;
    resources[RACK].assigned = assigned;
    type.resources = resources;
    depot_init(depot);
    full.allocator = &depot->allocator;
    assert_int_equal(berth_manager_create(&type, NULL, &backend, &full, &depot->manager, NULL), 0);
}

void depot_stop(struct depot *depot)
{
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    assert_int_equal(berth_manager_destroy(depot->manager, NULL), 0);
    assert_int_equal(depot->live_bytes, 0);
    pthread_mutex_destroy(&depot->lock);
}

void depot_clear_log(struct depot *depot)
{
    depot->log[0] = '\0';
    depot->n_calls = 0;
    memset(depot->n_of, 0, sizeof depot->n_of);
    depot->trace[0] = '\0';
}

/* Looking */

static const char *const outcome_names[] = {"?", "ok", "failed", "unsure", "rejected", "released"};

void depot_trace(void *ctx, const berth_transition *t)
{
    struct depot *depot = ctx;
    size_t length = strlen(depot->trace);

    assert_non_null(t->operation);
    if (t->kind != BERTH_TRACE_ROW)
        return;
    assert_non_null(t->instance);
    assert_true((t->hook != NULL) == (t->outcome <= BERTH_UNSURE && t->duration_ns > 0));
    assert_true(t->duration_ns <= berth_now() - depot->born);
    snprintf(depot->trace + length, sizeof depot->trace - length, "%s%s %s %s%s%s %s %s#%u",
             length > 0 ? "; " : "", t->resource, t->state, t->event, t->hook ? " " : "",
             t->hook ? t->hook : "", outcome_names[t->outcome], t->next, t->row);
    if (t->error != 0) {
        length = strlen(depot->trace);
        snprintf(depot->trace + length, sizeof depot->trace - length, " %s",
                 berth_errno_name(t->error));
    }
}

berth_config depot_tracing(struct depot *depot)
{
    return (berth_config){.trace = depot_trace, .trace_ctx = depot};
}

struct writer {
    char text[16384];
    size_t length;
};

static int write_item(void *arg, const berth_item *item)
{
    struct writer *writer = arg;
    const berth_resource *resource = &depot_type.resources[item->resource];
    char name[64] = "";

    if (item->resource == RACK)
        snprintf(name, sizeof name, " %s", ((const rack_view *)item->view)->name);
    if (item->resource == SHELF)
        snprintf(name, sizeof name, " %u", ((const shelf_view *)item->view)->index);
    if (item->resource == SHELF)
        assert_ptr_equal(item->parent, ((const shelf_view *)item->view)->rack);
    if (item->resource == BOOK)
        assert_ptr_equal(item->parent, ((const book_view *)item->view)->shelf);
    writer->length +=
        (size_t)snprintf(writer->text + writer->length, sizeof writer->text - writer->length,
                         "%*s%s%s %s %u+%u\n", (int)resource->level, "", resource->name, name,
                         resource->states[item->state], item->refs, item->children);
    return 0;
}

const char *depot_state(struct depot *depot)
{
    static struct writer writer;

    writer.length = 0;
    writer.text[0] = '\0';
    assert_int_equal(berth_manager_for_each(depot->manager, write_item, &writer), 0);
    return writer.text;
}

static int count(void *arg, const unsigned char *reservation)
{
    assert_false(uuid_is_null(reservation));
    ++*(unsigned *)arg;
    return 0;
}

unsigned depot_reservations(struct depot *depot)
{
    unsigned n = 0;

    assert_int_equal(berth_manager_for_each_reservation(depot->manager, count, &n), 0);
    return n;
}

void check_where(const berth_error *error, const char *resource, const char *state,
                 const char *event, const char *hook, const char *file, int line)
{
    const char *const got[] = {error->resource, error->state, error->event, error->hook};
    const char *const expected[] = {resource, state, event, hook};

    for (int i = 0; i < 4; i++)
        if ((got[i] == NULL) != (expected[i] == NULL) ||
            (got[i] && strcmp(got[i], expected[i]) != 0)) {
            print_error("where[%d]: %s, expected %s\n", i, got[i] ? got[i] : "none",
                        expected[i] ? expected[i] : "none");
            _fail(file, line);
        }
}

/* Operations */

const struct path *depot_path(struct path *path, const char *rack, uint16_t shelf)
{
    memset(path, 0, sizeof *path);
    path->rack.name = rack;
    path->shelf.index = shelf;
    path->shelf.zone = "z";
    path->book.isbn[0] = 1;
    path->config[0] = &path->rack;
    path->config[1] = &path->shelf;
    path->config[2] = &path->book;
    return path;
}

int reserve(struct depot *depot, const char *rack, uint16_t shelf, uuid_t id, berth_error *error)
{
    struct path path;
    berth_request request = {.operation = OP_RESERVE,
                             .config = depot_path(&path, rack, shelf)->config,
                             .gives = id,
                             .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}

int with(struct depot *depot, uint8_t operation, const uuid_t id, berth_error *error)
{
    berth_request request = {
        .operation = operation, .reservation = id, .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}

int on_path(struct depot *depot, uint8_t operation, const char *rack, uint16_t shelf,
            berth_error *error)
{
    struct path path;
    berth_request request = {.operation = operation,
                             .config = depot_path(&path, rack, shelf)->config,
                             .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}

int on_rack(struct depot *depot, uint8_t operation, const char *rack, berth_error *error)
{
    return on_path(depot, operation, rack, 0, error);
}

int until(struct depot *depot, uint8_t operation, const char *rack, int64_t deadline,
          berth_error *error)
{
    struct path path;
    berth_request request = {
        .operation = operation, .config = depot_path(&path, rack, 0)->config, .deadline = deadline};

    return berth_manager_run(depot->manager, &request, error);
}

int discard_rack(struct depot *depot, const char *rack, berth_error *error)
{
    const rack_config config = {.name = rack};

    return berth_manager_discard_root(
        depot->manager,
        &(berth_root){.operation = "discard_rack", .config = &config, .resource = RACK}, error);
}

int by_label(struct depot *depot, const char *label, berth_error *error)
{
    berth_request request = {.operation = OP_DROP, .by = label, .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}

int place(struct depot *depot, const char *rack, uint32_t row, uint32_t column, berth_error *error)
{
    struct path path;
    const uint32_t at[] = {row, column};
    berth_request request = {.operation = OP_PLACE,
                             .config = depot_path(&path, rack, 0)->config,
                             .at = at,
                             .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}
