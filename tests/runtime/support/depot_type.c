/* The descriptor of the hand-written manager; see depot.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "depot.h"

enum { N_EVENTS = WIPE, N_STATES = GONE };

static const char *const events[] = {NULL, "hold", "close", "open", "crash", "kick", "wipe"};

static const char *const states[] = {
    [IDLE] = "idle", [ON] = "on",     [BAD] = "bad",   [ODD] = "odd",
    [LEFT] = "left", [REST] = "rest", [GONE] = "gone",
};
static const uint8_t marks[N_STATES + 1] = {[REST] = BERTH_RESIDENT, [GONE] = BERTH_FINAL};

/* clang-format off */
#define ROWS(lock, open, close, eject) { \
    [1] = {.state = IDLE, .event = HOLD, .ok = {IDLE, 0}}, \
    [2] = {.state = IDLE, .event = CLOSE, .ok = {GONE, 0}}, \
    [3] = {.state = IDLE, .event = OPEN, .guard = (lock), .reject = EACCES}, \
    [4] = {.state = IDLE, .event = OPEN, .hook = (open), \
            .ok = {ON, 0}, .fail = {BAD, 0}, .uncertain = {ODD, 0}}, \
    [5] = {.state = IDLE, .event = CRASH, .hook = (open), \
            .ok = {ON, 0}, .fail = {GONE, 0}, .uncertain = {GONE, 0}}, \
    [6] = {.state = IDLE, .event = KICK, .ok = {GONE, 0}}, \
    [7] = {.state = IDLE, .event = WIPE, .ok = {BAD, OPEN}}, \
    [8] = {.state = ON, .event = HOLD, .ok = {ON, 0}}, \
    [9] = {.state = ON, .event = CLOSE, .hook = (eject), .ok = {LEFT, CLOSE}, .fail = {ON, 0}}, \
    [10] = {.state = ON, .event = OPEN, .ok = {ON, 0}}, \
    [11] = {.state = ON, .event = CRASH, .ok = {ON, 0}}, \
    [12] = {.state = ON, .event = KICK, .ok = {GONE, 0}}, \
    [13] = {.state = BAD, .event = HOLD, .reject = ENOTRECOVERABLE}, \
    [14] = {.state = BAD, .event = CLOSE, .ok = {GONE, 0}}, \
    [15] = {.state = BAD, .event = OPEN, .reject = ENOTRECOVERABLE}, \
    [16] = {.state = BAD, .event = WIPE, .hook = (close), .ok = {GONE, 0}, .fail = {GONE, 0}}, \
    [17] = {.state = ODD, .event = HOLD, .reject = ENOTRECOVERABLE}, \
    [18] = {.state = ODD, .event = CLOSE, .hook = (close), \
            .ok = {GONE, 0}, .fail = {ODD, WIPE}, .uncertain = {ODD, 0}}, \
    [19] = {.state = ODD, .event = OPEN, .reject = ENOTRECOVERABLE}, \
    [20] = {.state = ODD, .event = WIPE, .reject = ENODATA}, \
    [21] = {.state = LEFT, .event = HOLD, .reject = EBUSY}, \
    [22] = {.state = LEFT, .event = CLOSE, .hook = (close), \
            .ok = {GONE, 0}, .fail = {LEFT, 0}, .uncertain = {ODD, 0}}, \
    [23] = {.state = LEFT, .event = OPEN, .reject = EBUSY}, \
    [24] = {.state = REST, .event = HOLD, .ok = {REST, 0}}, \
    [25] = {.state = REST, .event = CLOSE, .ok = {REST, 0}}, \
    [26] = {.state = REST, .event = OPEN, .ok = {REST, 0}}, \
    [27] = {.state = REST, .event = CRASH, .hook = (close), \
            .ok = {IDLE, OPEN}, .fail = {REST, 0}}, \
}
/* clang-format on */

static const berth_row rack_rows[] = ROWS(1, RACK_OPEN, RACK_CLOSE, RACK_EJECT);
static const berth_row shelf_rows[] = ROWS(2, SHELF_OPEN, SHELF_CLOSE, SHELF_EJECT);
static const berth_row book_rows[] = ROWS(2, BOOK_OPEN, BOOK_CLOSE, BOOK_EJECT);
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

enum { SERIAL, LABEL, UID, PLACE, DEEP, PATH, WATT, SESSION, DOOR, BADGE };
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
    [PATH] = {VALUE(path, rack_view), .kind = BERTH_ASSIGN_FORMAT, .type = BERTH_CHARS},
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

/* The functions that berthc would write about the fields. */

static uint8_t rack_check(const void *given, bool only_key)
{
    const rack_config *config = given;

    if (berth_text_is_empty(config->name) || !berth_text_fits(config->name, 40))
        return 1;
    if (only_key)
        return 0;
    if (config->u8 > 200)
        return 3;
    if (config->u64 > UINT64_MAX - 1)
        return 6;
    if (config->i32 < -5 || config->i32 > 5)
        return 7;
    if ((unsigned)config->kind > 2)
        return 9;
    if (!berth_strings_fit(&config->order, 5))
        return 11;
    return berth_strings_fit(&config->tags, 0) ? 0 : 12;
}

static void rack_hash(const void *given, berth_hash *to, const berth_sets *sets)
{
    (void)sets;
    berth_hash_text(to, ((const rack_config *)given)->name, BERTH_EXACT_CASE);
}

static bool rack_equal(const void *instance, const void *given, const berth_sets *sets)
{
    (void)sets;
    return berth_text_equal(((const rack_view *)instance)->name,
                            ((const rack_config *)given)->name);
}

static uint8_t rack_differs(const void *instance, const void *given, const berth_sets *sets)
{
    const rack_view *view = instance;
    const rack_config *config = given;
    const bool same[] = {
        view->locked == config->locked,
        view->u8 == config->u8,
        view->u16 == config->u16,
        view->u32 == config->u32,
        view->u64 == config->u64,
        view->i32 == config->i32,
        view->i64 == config->i64,
        view->kind == config->kind,
        berth_uuid_equal(view->owner, config->owner),
        berth_list_equal(&view->order, &config->order, BERTH_EXACT_CASE),
        berth_set_equal(&view->tags, &config->tags, BERTH_ANY_CASE, sets),
    };

    for (uint8_t i = 0; i < sizeof same / sizeof *same; i++)
        if (!same[i])
            return (uint8_t)(i + 2);
    return 0;
}

static berth_storage_size rack_size(const void *given)
{
    const rack_config *config = given;
    berth_storage_size size = {0, 0};

    berth_size_text(&size, config->name);
    berth_size_strings(&size, &config->order);
    berth_size_strings(&size, &config->tags);
    return size;
}

static void rack_copy(void *instance, const void *given, berth_storage *to)
{
    rack_view *view = instance;
    const rack_config *config = given;

    view->name = berth_copy_text(to, config->name);
    view->locked = config->locked;
    view->u8 = config->u8;
    view->u16 = config->u16;
    view->u32 = config->u32;
    view->u64 = config->u64;
    view->i32 = config->i32;
    view->i64 = config->i64;
    view->kind = config->kind;
    uuid_copy(view->owner, config->owner);
    view->order = berth_copy_strings(to, &config->order);
    view->tags = berth_copy_strings(to, &config->tags);
}

static uint8_t shelf_check(const void *given, bool only_key)
{
    const shelf_config *config = given;

    (void)only_key;
    if (config->index > 999)
        return 1;
    return berth_text_is_empty(config->zone) || !berth_text_fits(config->zone, 8) ? 2 : 0;
}

static void shelf_hash(const void *given, berth_hash *to, const berth_sets *sets)
{
    const shelf_config *config = given;

    (void)sets;
    berth_hash_number(to, config->index);
    berth_hash_text(to, config->zone, BERTH_ANY_CASE);
}

static bool shelf_equal(const void *instance, const void *given, const berth_sets *sets)
{
    const shelf_view *view = instance;
    const shelf_config *config = given;

    (void)sets;
    return view->index == config->index && berth_text_equal_any_case(view->zone, config->zone);
}

static uint8_t shelf_differs(const void *instance, const void *given, const berth_sets *sets)
{
    (void)sets;
    return ((const shelf_view *)instance)->steel != ((const shelf_config *)given)->steel ? 3 : 0;
}

static berth_storage_size shelf_size(const void *given)
{
    berth_storage_size size = {0, 0};

    berth_size_text(&size, ((const shelf_config *)given)->zone);
    return size;
}

static void shelf_copy(void *instance, const void *given, berth_storage *to)
{
    shelf_view *view = instance;
    const shelf_config *config = given;

    view->index = config->index;
    view->zone = berth_copy_text(to, config->zone);
    view->steel = config->steel;
}

static uint8_t book_check(const void *given, bool only_key)
{
    return !only_key && uuid_is_null(((const book_config *)given)->isbn) ? 1 : 0;
}

static uint8_t book_differs(const void *instance, const void *given, const berth_sets *sets)
{
    (void)sets;
    return berth_uuid_equal(((const book_view *)instance)->isbn, ((const book_config *)given)->isbn)
               ? 0
               : 1;
}

static void book_copy(void *instance, const void *given, berth_storage *to)
{
    (void)to;
    uuid_copy(((book_view *)instance)->isbn, ((const book_config *)given)->isbn);
}

#define TABLE(rows_)                                                                               \
    .n_events = N_EVENTS, .n_states = N_STATES, .n_rows = N_ROWS, .initial = IDLE, .take = HOLD,   \
    .drop = CLOSE, .states = states, .marks = marks, .events = events, .rows = (rows_),            \
    .cells = &cells[0][0]

static const berth_resource resources[] = {
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

#define STEPS(...)                                                                                 \
    .steps = (const berth_step[]){__VA_ARGS__},                                                    \
    .n_steps = sizeof((const berth_step[]){__VA_ARGS__}) / sizeof(berth_step)
#define RETURNS(...)                                                                               \
    .returns = (const berth_return[]){__VA_ARGS__},                                                \
    .n_returns = sizeof((const berth_return[]){__VA_ARGS__}) / sizeof(berth_return)
#define RESULT(level, type, view_, name)                                                           \
    {                                                                                              \
        (level), (type), offsetof(view_, name), sizeof(((view_ *)0)->name)                         \
    }
#define R_LABEL RESULT(0, BERTH_CHARS, rack_view, label)
#define R_SERIAL RESULT(0, BERTH_U64, rack_view, serial)
#define R_PATH RESULT(0, BERTH_CHARS, rack_view, path)
#define R_BAY RESULT(1, BERTH_U16, shelf_view, bay)

static const char *const rules_locked[] = {NULL, "Locked racks stay closed"};
static const char *const rules_strict[] = {NULL, "option.strict"};

static berth_refusal check(const berth_request *request, const void *options_);

static const berth_operation operations[] = {
    [OP_RESERVE] = {.name = "reserve",
                    .check = check,
                    .form = BERTH_OBTAIN,
                    .flags = BERTH_GIVES,
                    .resource = BOOK,
                    .path = {RACK, SHELF, BOOK},
                    .levels = 3,
                    .rules = rules_locked,
                    RETURNS(RESULT(0, BERTH_UUID, rack_view, uid), R_BAY)},
    [OP_OPEN] = {.name = "open",
                 .check = check,
                 .form = BERTH_WITH,
                 .resource = BOOK,
                 .path = {RACK, SHELF, BOOK},
                 .levels = 3,
                 STEPS({0, OPEN}, {1, OPEN}, {2, OPEN}),
                 RETURNS(R_BAY, R_PATH)},
    [OP_CLOSE] = {.name = "close",
                  .check = check,
                  .form = BERTH_WITH,
                  .flags = BERTH_ENDS,
                  .resource = BOOK,
                  .path = {RACK, SHELF, BOOK},
                  .levels = 3,
                  STEPS({2, CLOSE}, {1, CLOSE}, {0, CLOSE})},
    [OP_CLOSE_BOOK] = {.name = "close_book",
                       .check = check,
                       .form = BERTH_WITH,
                       .resource = BOOK,
                       .path = {RACK, SHELF, BOOK},
                       .levels = 3,
                       STEPS({2, CLOSE})},
    [OP_FORGET] = {.name = "forget",
                   .check = check,
                   .form = BERTH_WITH,
                   .flags = BERTH_ENDS,
                   .resource = BOOK,
                   .path = {RACK, SHELF, BOOK},
                   .levels = 3},
    [OP_LOOK] = {.name = "look",
                 .check = check,
                 .form = BERTH_WITH,
                 .flags = BERTH_LOOK_UP,
                 .resource = BOOK,
                 .path = {RACK, SHELF, BOOK},
                 .levels = 3,
                 RETURNS(R_PATH)},
    [OP_USE] = {.name = "use",
                .check = check,
                .form = BERTH_OBTAIN,
                .resource = RACK,
                .path = {RACK},
                .levels = 1,
                STEPS({0, OPEN}, {0, HOLD}),
                RETURNS(R_LABEL)},
    [OP_RESOLVE] = {.name = "resolve",
                    .check = check,
                    .form = BERTH_OBTAIN,
                    .resource = RACK,
                    .path = {RACK},
                    .levels = 1,
                    RETURNS(R_LABEL, R_SERIAL, RESULT(0, BERTH_U32, rack_view, watt))},
    [OP_CRASH] = {.name = "crash",
                  .check = check,
                  .form = BERTH_OBTAIN,
                  .resource = RACK,
                  .path = {RACK},
                  .levels = 1,
                  STEPS({0, CRASH}, {0, HOLD})},
    [OP_DROP] = {.name = "drop",
                 .check = check,
                 .form = BERTH_FIND,
                 .flags = BERTH_ABSENT_OK,
                 .resource = RACK,
                 .path = {RACK},
                 .levels = 1,
                 .by = LABEL + 1,
                 STEPS({0, CLOSE}),
                 RETURNS(R_SERIAL)},
    [OP_BY_SERIAL] = {.name = "by_serial",
                      .check = check,
                      .form = BERTH_FIND,
                      .resource = RACK,
                      .path = {RACK},
                      .levels = 1,
                      .by = SERIAL + 1,
                      STEPS({0, CLOSE})},
    [OP_BY_UID] = {.name = "by_uid",
                   .check = check,
                   .form = BERTH_FIND,
                   .flags = BERTH_LOOK_UP,
                   .resource = RACK,
                   .path = {RACK},
                   .levels = 1,
                   .by = UID + 1,
                   RETURNS(R_LABEL)},
    [OP_BY_SESSION] = {.name = "by_session",
                       .check = check,
                       .form = BERTH_FIND,
                       .resource = RACK,
                       .path = {RACK},
                       .levels = 1,
                       .by = SESSION + 1,
                       STEPS({0, CLOSE}),
                       RETURNS(R_LABEL)},
    [OP_BY_DOOR] = {.name = "by_door",
                    .check = check,
                    .form = BERTH_FIND,
                    .flags = BERTH_LOOK_UP,
                    .resource = RACK,
                    .path = {RACK},
                    .levels = 1,
                    .by = DOOR + 1,
                    RETURNS(R_LABEL)},
    [OP_BY_BADGE] = {.name = "by_badge",
                     .check = check,
                     .form = BERTH_FIND,
                     .flags = BERTH_ABSENT_OK | BERTH_LOOK_UP,
                     .resource = RACK,
                     .path = {RACK},
                     .levels = 1,
                     .by = BADGE + 1,
                     RETURNS(R_LABEL)},
    [OP_BY_PLACE] = {.name = "by_place",
                     .check = check,
                     .form = BERTH_FIND,
                     .flags = BERTH_LOOK_UP,
                     .resource = RACK,
                     .path = {RACK},
                     .levels = 1,
                     .by = PLACE + 1,
                     RETURNS(R_LABEL)},
    [OP_KICK] = {.name = "kick",
                 .check = check,
                 .form = BERTH_FIND,
                 .resource = RACK,
                 .path = {RACK},
                 .levels = 1,
                 STEPS({0, KICK})},
    [OP_WIPE] = {.name = "wipe",
                 .check = check,
                 .form = BERTH_FIND,
                 .resource = RACK,
                 .path = {RACK},
                 .levels = 1,
                 STEPS({0, WIPE})},
    [OP_FIND_SHELF] = {.name = "find_shelf",
                       .check = check,
                       .form = BERTH_FIND,
                       .flags = BERTH_ABSENT_OK,
                       .resource = SHELF,
                       .path = {RACK, SHELF},
                       .levels = 2,
                       STEPS({1, OPEN}),
                       RETURNS(R_BAY)},
    [OP_PLACE] = {.name = "place",
                  .check = check,
                  .form = BERTH_CREATE,
                  .resource = RACK,
                  .path = {RACK},
                  .levels = 1,
                  .at = PLACE + 1,
                  .enter = REST},
    [OP_ADD] = {.name = "add",
                .check = check,
                .form = BERTH_CREATE,
                .resource = SHELF,
                .path = {RACK, SHELF},
                .levels = 2,
                .enter = IDLE},
    [OP_USE_ALL] = {.name = "use_all",
                    .check = check,
                    .form = BERTH_OBTAIN,
                    .resource = BOOK,
                    .path = {RACK, SHELF, BOOK},
                    .levels = 3,
                    STEPS({0, OPEN}, {1, OPEN}, {2, OPEN}, {2, HOLD})},
    [OP_KICK_ALL] = {.name = "kick_all",
                     .check = check,
                     .form = BERTH_WITH,
                     .resource = BOOK,
                     .path = {RACK, SHELF, BOOK},
                     .levels = 3,
                     STEPS({0, KICK}, {2, OPEN})},
    [OP_STRICT] = {.name = "strict",
                   .check = check,
                   .form = BERTH_WITH,
                   .flags = BERTH_LOOK_UP,
                   .resource = BOOK,
                   .path = {RACK, SHELF, BOOK},
                   .levels = 3,
                   .rules = rules_strict},
    [OP_SHELF_CRASH] = {.name = "shelf_crash",
                        .check = check,
                        .form = BERTH_FIND,
                        .resource = SHELF,
                        .path = {RACK, SHELF},
                        .levels = 2,
                        STEPS({1, CRASH}, {1, KICK}, {0, OPEN})},
    [OP_CLOSE_TWICE] = {.name = "close_twice",
                        .check = check,
                        .form = BERTH_WITH,
                        .flags = BERTH_ENDS,
                        .resource = BOOK,
                        .path = {RACK, SHELF, BOOK},
                        .levels = 3,
                        STEPS({0, CLOSE}, {0, CLOSE}, {1, CLOSE}, {2, CLOSE})},
    [OP_BY_BAY] = {.name = "by_bay",
                   .check = check,
                   .form = BERTH_FIND,
                   .resource = SHELF,
                   .path = {RACK, SHELF},
                   .levels = 2,
                   .by = 1,
                   STEPS({1, OPEN}),
                   RETURNS(R_PATH)},
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

/* 1: racks whose name begins with L cannot be opened. 2: never. */
static bool guard(uint8_t number, const void *options_, const void *view)
{
    (void)options_;
    return number == 1 && *((const rack_view *)view)->name == 'L';
}

static uint8_t wrong_field(uint8_t resource, const void *config, bool only_key)
{
    if (resource == RACK)
        return rack_check(config, only_key);
    return resource == SHELF ? shelf_check(config, only_key) : book_check(config, only_key);
}

static bool takes_configs(const berth_operation *type)
{
    return type->form == BERTH_OBTAIN || type->form == BERTH_CREATE ||
           (type->form == BERTH_FIND && type->by == 0);
}

static berth_refusal check_configs(const berth_operation *type, const void *const *config)
{
    for (uint8_t i = 0; i < type->levels; i++) {
        bool only_key =
            type->form == BERTH_FIND || (type->form == BERTH_CREATE && i + 1 < type->levels);
        uint8_t field = config && config[i] ? wrong_field(type->path[i], config[i], only_key) : 0;

        if (!config || !config[i] || field > 0)
            return (berth_refusal){.code = -EINVAL, .resource = type->path[i], .field = field};
    }
    return (berth_refusal){0};
}

static bool value_fits(const berth_operation *type, const berth_request *request,
                       const depot_options *opts)
{
    const berth_assigned *value =
        &resources[type->resource].assigned[(type->at > 0 ? type->at : type->by) - 1];

    if (type->at > 0)
        return request->at && request->at[0] < opts->rows && request->at[1] < place_parts[1].size;
    return value->kind == BERTH_ASSIGN_POOL ? request->at != NULL : request->by != NULL;
}

/* What berthc writes for each operation in straight lines, for all of them. */
static berth_refusal check(const berth_request *request, const void *options_)
{
    const berth_operation *type = &operations[request->operation];
    const depot_options *opts = options_;
    berth_refusal refusal = {0};

    if ((type->form == BERTH_WITH && !request->reservation) ||
        ((type->flags & BERTH_GIVES) && !request->gives))
        return (berth_refusal){.code = -EINVAL};
    if (takes_configs(type))
        refusal = check_configs(type, request->config);
    if (refusal.code != 0)
        return refusal;
    if ((type->at > 0 || type->by > 0) && !value_fits(type, request, opts))
        return (berth_refusal){.code = -EINVAL, .resource = type->resource};
    for (uint8_t i = 0; request->results && i < type->n_returns; i++)
        if (type->returns[i].type == BERTH_CHARS && request->results[i] &&
            request->result_sizes[i] < type->returns[i].size)
            return (berth_refusal){.code = -ENOBUFS};
    if (type->rules && opts->strict &&
        (type->rules == rules_strict || ((const rack_config *)request->config[0])->locked))
        return (berth_refusal){.code = -EPERM, .rule = 1};
    return (berth_refusal){0};
}

static void format(uint8_t resource, uint8_t assigned, const void *options_, void *view)
{
    const depot_options *opts = options_;
    rack_view *rack = view;

    assert_int_equal(resource, RACK);
    assert_int_equal(assigned, PATH);
    snprintf(rack->path, sizeof rack->path, "%s/%u/%u", opts->site, rack->row, rack->column);
}

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

static int check_backend(const void *backend)
{
    return depot_of(backend) ? 0 : -EINVAL;
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
    .resources = resources,
    .operations = operations,
    .hooks = hooks,
    .options = options,
    .guard = guard,
    .format = format,
    .has = has,
    .call = call,
    .preset = preset,
    .accept = accept,
    .check_backend = check_backend,
};
