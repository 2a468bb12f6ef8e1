/* The descriptor of the hand-written manager; see depot.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "depot_type.h"

enum { N_EVENTS = WIPE, N_STATES = GONE };

static const char *const events[] = {NULL, "hold", "close", "open", "crash", "kick", "wipe"};

static const char *const states[] = {
    [IDLE] = "idle", [ON] = "on",     [BAD] = "bad",   [ODD] = "odd",
    [LEFT] = "left", [REST] = "rest", [GONE] = "gone",
};
static const uint8_t marks[N_STATES + 1] = {[REST] = BERTH_RESIDENT, [GONE] = BERTH_FINAL};

/* clang-format off */
#define ROWS(lock, open, close, eject) { \
    [1] = {.ok = {IDLE, 0}}, \
    [2] = {.ok = {GONE, 0}}, \
    [3] = {.guard = (lock), .or_next = true, .reject = EACCES}, \
    [4] = {.hook = (open), \
            .ok = {ON, 0}, .fail = {BAD, 0}, .uncertain = {ODD, 0}}, \
    [5] = {.hook = (open), \
            .ok = {ON, 0}, .fail = {GONE, 0}, .uncertain = {GONE, 0}}, \
    [6] = {.ok = {GONE, 0}}, \
    [7] = {.ok = {BAD, OPEN}}, \
    [8] = {.ok = {ON, 0}}, \
    [9] = {.hook = (eject), .ok = {LEFT, CLOSE}, .fail = {ON, 0}}, \
    [10] = {.ok = {ON, 0}}, \
    [11] = {.ok = {ON, 0}}, \
    [12] = {.ok = {GONE, 0}}, \
    [13] = {.reject = ENOTRECOVERABLE}, \
    [14] = {.ok = {GONE, 0}}, \
    [15] = {.reject = ENOTRECOVERABLE}, \
    [16] = {.hook = (close), .ok = {GONE, 0}, .fail = {GONE, 0}}, \
    [17] = {.reject = ENOTRECOVERABLE}, \
    [18] = {.hook = (close), \
            .ok = {GONE, 0}, .fail = {ODD, WIPE}, .uncertain = {ODD, 0}}, \
    [19] = {.reject = ENOTRECOVERABLE}, \
    [20] = {.reject = ENODATA}, \
    [21] = {.reject = EBUSY}, \
    [22] = {.hook = (close), \
            .ok = {GONE, 0}, .fail = {LEFT, 0}, .uncertain = {ODD, 0}}, \
    [23] = {.reject = EBUSY}, \
    [24] = {.ok = {REST, 0}}, \
    [25] = {.ok = {REST, 0}}, \
    [26] = {.ok = {REST, 0}}, \
    [27] = {.hook = (close), \
            .ok = {IDLE, OPEN}, .fail = {REST, 0}}, \
}
/* clang-format on */

static bool name_begins_with_l(const void *options, const void *view)
{
    (void)options;
    return *((const rack_view *)view)->name == 'L';
}

static bool never(const void *options, const void *view)
{
    (void)options;
    (void)view;
    return false;
}

static const berth_row rack_rows[] = ROWS(name_begins_with_l, RACK_OPEN, RACK_CLOSE, RACK_EJECT);
static const berth_row shelf_rows[] = ROWS(never, SHELF_OPEN, SHELF_CLOSE, SHELF_EJECT);
static const berth_row book_rows[] = ROWS(never, BOOK_OPEN, BOOK_CLOSE, BOOK_EJECT);
enum { N_ROWS = 27 };

static const berth_cell cells[N_STATES + 1][N_EVENTS + 1] = {
    [IDLE] = {[HOLD] = {.row = 1, .plain = IDLE},
              [CLOSE] = {.row = 2},
              [OPEN] = {.row = 3},
              [CRASH] = {.row = 5},
              [KICK] = {.row = 6},
              [WIPE] = {.row = 7}},
    [ON] = {[HOLD] = {.row = 8, .plain = ON},
            [CLOSE] = {.row = 9},
            [OPEN] = {.row = 10, .plain = ON},
            [CRASH] = {.row = 11, .plain = ON},
            [KICK] = {.row = 12}},
    [BAD] =
        {[HOLD] = {.row = 13}, [CLOSE] = {.row = 14}, [OPEN] = {.row = 15}, [WIPE] = {.row = 16}},
    [ODD] =
        {[HOLD] = {.row = 17}, [CLOSE] = {.row = 18}, [OPEN] = {.row = 19}, [WIPE] = {.row = 20}},
    [LEFT] = {[HOLD] = {.row = 21}, [CLOSE] = {.row = 22}, [OPEN] = {.row = 23}},
    [REST] = {[HOLD] = {.row = 24, .plain = REST},
              [CLOSE] = {.row = 25, .plain = REST},
              [OPEN] = {.row = 26, .plain = REST},
              [CRASH] = {.row = 27}},
};

static const char *const kinds[] = {"plain", "tall", "wide"};

#define FIELD(type_, name_, config_, view_)                                                        \
    .name = #name_, .type = (type_), .config_offset = offsetof(config_, name_),                    \
    .view_offset = offsetof(view_, name_)
#define RACK_FIELD(type, name) FIELD(type, name, rack_config, rack_view)

static const berth_field rack_fields[] = {
    {RACK_FIELD(BERTH_STRING, name), .flags = BERTH_KEY | BERTH_REQUIRED, .max_length = 40},
    {RACK_FIELD(BERTH_BOOL, locked)},
    {RACK_FIELD(BERTH_U8, u8), .flags = BERTH_RANGED, .range = &(const berth_range){0, 200}},
    {RACK_FIELD(BERTH_U16, u16)},
    {RACK_FIELD(BERTH_U32, u32)},
    /* UINT64_MAX - 1 */
    {RACK_FIELD(BERTH_U64, u64), .flags = BERTH_RANGED, .range = &(const berth_range){0, -2}},
    {RACK_FIELD(BERTH_I32, i32), .flags = BERTH_RANGED, .range = &(const berth_range){-5, 5}},
    {RACK_FIELD(BERTH_I64, i64)},
    {RACK_FIELD(BERTH_ENUM, kind), .values = kinds, .n_values = 3},
    {RACK_FIELD(BERTH_UUID, owner)},
    {RACK_FIELD(BERTH_LIST, order), .max_length = 5},
    {RACK_FIELD(BERTH_SET, tags), .flags = BERTH_IGNORE_CASE},
};

static const berth_pool_part place_parts[] = {
    {.name = "row",
     .type = BERTH_U8,
     .option = 1,
     .view_offset = offsetof(rack_view, row),
     .size = 4},
    {.name = "column", .type = BERTH_U16, .view_offset = offsetof(rack_view, column), .size = 3},
};
static const berth_pool_part deep_parts[] = {
    {.name = "deep", .type = BERTH_U32, .view_offset = offsetof(rack_view, deep), .size = 100000}};

#define VALUE(name_, view_)                                                                        \
    .name = #name_, .view_offset = offsetof(view_, name_), .size = sizeof(((view_ *)0)->name_)

static void format_path(const void *options, void *view)
{
    const depot_options *opts = options;
    rack_view *rack = view;

    snprintf(rack->path, sizeof rack->path, "%s/%u/%u", opts->site, rack->row, rack->column);
}

static const berth_assigned rack_assigned[] = {
    [SERIAL] = {VALUE(serial, rack_view), .kind = BERTH_ASSIGN_COUNTER, .type = BERTH_U64,
                .start = 7, .indexed = true},
    [LABEL] = {VALUE(label, rack_view), .kind = BERTH_ASSIGN_COUNTER, .type = BERTH_CHARS,
               .indexed = true},
    [UID] = {VALUE(uid, rack_view), .kind = BERTH_ASSIGN_UUID, .type = BERTH_UUID, .indexed = true},
    [PLACE] = {.name = "place",
               .kind = BERTH_ASSIGN_POOL,
               .n_parts = 2,
               .indexed = true,
               .parts = place_parts},
    [DEEP] = {.name = "deep", .kind = BERTH_ASSIGN_POOL, .n_parts = 1, .parts = deep_parts},
    [PATH] = {VALUE(path, rack_view), .kind = BERTH_ASSIGN_FORMAT, .type = BERTH_CHARS,
              .format = format_path},
    [WATT] = {VALUE(watt, rack_view), .kind = BERTH_ASSIGN_HOOK, .type = BERTH_U32,
              .hook = RACK_OPEN},
    [SESSION] = {VALUE(session, rack_view), .kind = BERTH_ASSIGN_HOOK, .type = BERTH_UUID,
                 .hook = RACK_OPEN, .indexed = true},
    [DOOR] = {VALUE(door, rack_view), .kind = BERTH_ASSIGN_HOOK, .type = BERTH_I32,
              .hook = RACK_OPEN, .indexed = true},
    [BADGE] = {VALUE(badge, rack_view), .kind = BERTH_ASSIGN_HOOK, .type = BERTH_CHARS,
               .hook = RACK_OPEN, .indexed = true},
};

static const berth_field shelf_fields[] = {
    {FIELD(BERTH_U16, index, shelf_config, shelf_view), .flags = BERTH_KEY | BERTH_RANGED,
     .range = &(const berth_range){0, 999}},
    {FIELD(BERTH_STRING, zone, shelf_config, shelf_view),
     .flags = BERTH_KEY | BERTH_REQUIRED | BERTH_IGNORE_CASE, .max_length = 8},
    {FIELD(BERTH_BOOL, steel, shelf_config, shelf_view)},
};
static const berth_pool_part bay_parts[] = {
    {.name = "bay", .type = BERTH_U16, .view_offset = offsetof(shelf_view, bay), .size = 4}};
static const berth_assigned shelf_assigned[] = {
    {.name = "bay", .kind = BERTH_ASSIGN_POOL, .n_parts = 1, .indexed = true, .parts = bay_parts}};

static const berth_field book_fields[] = {
    {FIELD(BERTH_UUID, isbn, book_config, book_view), .flags = BERTH_REQUIRED}};

#define TABLE(rows_)                                                                               \
    .n_events = N_EVENTS, .n_states = N_STATES, .n_rows = N_ROWS, .initial = IDLE, .take = HOLD,   \
    .drop = CLOSE, .states = states, .marks = marks, .events = events, .rows = (rows_),            \
    .cells = &cells[0][0]

const berth_resource depot_resources[BOOK + 1] = {
    [RACK] = {.name = "rack",
              TABLE(rack_rows),
              .n_fields = 12,
              .fields = rack_fields,
              .hash = rack_hash,
              .equal = rack_equal,
              .differs = rack_differs,
              .size = rack_size,
              .copy = rack_copy,
              .n_assigned = 10,
              .assigned = rack_assigned,
              .otherwise = ENODATA,
              .view_size = sizeof(rack_view)},
    [SHELF] = {.name = "shelf",
               TABLE(shelf_rows),
               .parent = RACK,
               .level = 1,
               .first_row = N_ROWS,
               .n_fields = 3,
               .fields = shelf_fields,
               .hash = shelf_hash,
               .equal = shelf_equal,
               .differs = shelf_differs,
               .size = shelf_size,
               .copy = shelf_copy,
               .n_assigned = 1,
               .assigned = shelf_assigned,
               .view_size = sizeof(shelf_view)},
    [BOOK] = {.name = "book",
              TABLE(book_rows),
              .parent = SHELF,
              .level = 2,
              .first_row = 2 * N_ROWS,
              .n_fields = 1,
              .fields = book_fields,
              .differs = book_differs,
              .copy = book_copy,
              .view_size = sizeof(book_view)},
};

static const berth_hook hooks[] = {
    [RACK_OPEN] = {.name = "rack.open", .out_size = sizeof(rack_out)},
    [RACK_CLOSE] = {.name = "rack.close"},
    [RACK_EJECT] = {.name = "rack.eject"},
    [SHELF_OPEN] = {.name = "shelf.open"},
    [SHELF_CLOSE] = {.name = "shelf.close"},
    [SHELF_EJECT] = {.name = "shelf.eject", .absent = EOPNOTSUPP},
    [BOOK_OPEN] = {.name = "book.open"},
    [BOOK_CLOSE] = {.name = "book.close"},
    [BOOK_EJECT] = {.name = "book.eject"},
};

static const berth_field options[] = {
    {.name = "rows",
     .type = BERTH_U8,
     .flags = BERTH_RANGED | BERTH_ZERO_DEFAULT,
     .config_offset = offsetof(depot_options, rows),
     .range = &(const berth_range){1, 4}},
    {.name = "strict", .type = BERTH_BOOL, .config_offset = offsetof(depot_options, strict)},
    {.name = "site",
     .type = BERTH_STRING,
     .flags = BERTH_ZERO_DEFAULT,
     .config_offset = offsetof(depot_options, site),
     .max_length = 16},
    {.name = "u16", .type = BERTH_U16, .config_offset = offsetof(depot_options, u16)},
    {.name = "i32", .type = BERTH_I32, .config_offset = offsetof(depot_options, i32)},
    {.name = "u64",
     .type = BERTH_U64,
     .flags = BERTH_ZERO_DEFAULT | BERTH_RANGED,
     .config_offset = offsetof(depot_options, u64),
     .range = &(const berth_range){1, 99}},
    {.name = "list", .type = BERTH_LIST, .config_offset = offsetof(depot_options, list)},
    {.name = "uuid", .type = BERTH_UUID, .config_offset = offsetof(depot_options, uuid)},
    {.name = "kind",
     .type = BERTH_ENUM,
     .config_offset = offsetof(depot_options, kind),
     .n_values = 3,
     .values = kinds},
};

static const berth_default defaults[sizeof options / sizeof *options] = {
    {.number = 2}, {.number = 0}, {.text = "yard"}, {.number = 5}, {.number = -1},
    {.number = 9}, {.number = 0}, {.number = 0},    {.number = 1},
};

static struct depot *depot_of(const void *backend)
{
    return ((const struct depot_backend *)backend)->depot;
}

static bool has(const void *backend, uint8_t hook)
{
    return hook > N_HOOKS || !depot_of(backend)->missing[hook];
}

static const rack_view *rack_of(uint8_t hook, const void *view)
{
    if (hook <= RACK_EJECT)
        return view;
    if (hook <= SHELF_EJECT)
        return ((const shelf_view *)view)->rack;
    return ((const book_view *)view)->shelf->rack;
}

static bool has_values_of(const rack_out *out, const rack_view *rack)
{
    return out->watt == rack->watt && out->door == rack->door &&
           memcmp(out->session, rack->session, sizeof rack->session) == 0 &&
           strcmp(out->badge, rack->badge) == 0;
}

static int call(const void *backend, uint8_t hook, berth_call *call_, const void *view, void *out)
{
    struct depot *depot = depot_of(backend);
    const char *name = rack_of(hook, view)->name;
    unsigned nth;
    size_t length;

    pthread_mutex_lock(&depot->lock);
    nth = ++depot->n_calls;
    depot->n_of[hook]++;
    length = strlen(depot->log);
    snprintf(depot->log + length, sizeof depot->log - length, "%s%s:%s", length > 0 ? " " : "",
             hooks[hook].name, name);
    pthread_mutex_unlock(&depot->lock);
    if ((out != NULL) != (hook == RACK_OPEN))
        return -ENOTSUP;
    if (out && !has_values_of(out, view))
        return -ENOTEMPTY;
    if (nth == depot->fail_at)
        return -EIO;
    if (depot->hook)
        return depot->hook(depot, hook, call_, view, out);
    if (out)
        ((rack_out *)out)->watt = 40 + nth;
    return depot->outcome[hook];
}

static void preset(uint8_t hook, const void *view, void *out_)
{
    const rack_view *rack = view;
    rack_out *out = out_;

    assert_int_equal(hook, RACK_OPEN);
    out->watt = rack->watt;
    out->door = rack->door;
    memcpy(out->session, rack->session, sizeof rack->session);
    memcpy(out->badge, rack->badge, sizeof rack->badge);
}

static void accept(uint8_t hook, const void *out_, void *view)
{
    const rack_out *out = out_;
    rack_view *rack = view;

    assert_int_equal(hook, RACK_OPEN);
    rack->watt = out->watt;
    rack->door = out->door;
    memcpy(rack->session, out->session, sizeof rack->session);
    memcpy(rack->badge, out->badge, sizeof rack->badge);
}

const berth_manager_type depot_type = {
    .abi = BERTH_ABI,
    .name = "depot",
    .n_resources = 3,
    .n_operations = N_OPERATIONS,
    .n_hooks = N_HOOKS,
    .n_options = sizeof options / sizeof *options,
    .defaults = defaults,
    .options_size = sizeof(depot_options),
    .backend_size = sizeof(struct depot_backend),
    .op_size = sizeof(depot_op),
    .resources = depot_resources,
    .operations = depot_operations,
    .hooks = hooks,
    .options = options,
    .has = has,
    .call = call,
    .preset = preset,
    .accept = accept,
};
