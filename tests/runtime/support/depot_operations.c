/* The operations of the hand-written manager, and the check of their arguments. */
#include <errno.h>

#include "depot_type.h"

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

#define OPERATION(name_, form_) .name = (name_), .check = check, .form = (form_)
#define ON_RACK .resource = RACK, .path = {RACK}, .levels = 1
#define ON_SHELF .resource = SHELF, .path = {RACK, SHELF}, .levels = 2
#define ON_BOOK .resource = BOOK, .path = {RACK, SHELF, BOOK}, .levels = 3

const berth_operation depot_operations[N_OPERATIONS + 1] = {
    [OP_RESERVE] = {OPERATION("reserve", BERTH_OBTAIN), ON_BOOK, .flags = BERTH_GIVES,
                    .rules = rules_locked, RETURNS(RESULT(0, BERTH_UUID, rack_view, uid), R_BAY)},
    [OP_OPEN] = {OPERATION("open", BERTH_WITH), ON_BOOK, STEPS({0, OPEN}, {1, OPEN}, {2, OPEN}),
                 RETURNS(R_BAY, R_PATH)},
    [OP_CLOSE] = {OPERATION("close", BERTH_WITH), ON_BOOK, .flags = BERTH_ENDS,
                  STEPS({2, CLOSE}, {1, CLOSE}, {0, CLOSE})},
    [OP_CLOSE_BOOK] = {OPERATION("close_book", BERTH_WITH), ON_BOOK, STEPS({2, CLOSE})},
    [OP_FORGET] = {OPERATION("forget", BERTH_WITH), ON_BOOK, .flags = BERTH_ENDS},
    [OP_LOOK] = {OPERATION("look", BERTH_WITH), ON_BOOK, .flags = BERTH_LOOK_UP, RETURNS(R_PATH)},
    [OP_USE] = {OPERATION("use", BERTH_OBTAIN), ON_RACK, STEPS({0, OPEN}, {0, HOLD}),
                RETURNS(R_LABEL)},
    [OP_RESOLVE] = {OPERATION("resolve", BERTH_OBTAIN), ON_RACK,
                    RETURNS(R_LABEL, R_SERIAL, RESULT(0, BERTH_U32, rack_view, watt))},
    [OP_CRASH] = {OPERATION("crash", BERTH_OBTAIN), ON_RACK, STEPS({0, CRASH}, {0, HOLD})},
    [OP_DROP] = {OPERATION("drop", BERTH_FIND), ON_RACK, .flags = BERTH_ABSENT_OK, .by = LABEL + 1,
                 STEPS({0, CLOSE}), RETURNS(R_SERIAL)},
    [OP_BY_SERIAL] = {OPERATION("by_serial", BERTH_FIND), ON_RACK, .by = SERIAL + 1,
                      STEPS({0, CLOSE})},
    [OP_BY_UID] = {OPERATION("by_uid", BERTH_FIND), ON_RACK, .flags = BERTH_LOOK_UP, .by = UID + 1,
                   RETURNS(R_LABEL)},
    [OP_BY_SESSION] = {OPERATION("by_session", BERTH_FIND), ON_RACK, .by = SESSION + 1,
                       STEPS({0, CLOSE}), RETURNS(R_LABEL)},
    [OP_BY_DOOR] = {OPERATION("by_door", BERTH_FIND), ON_RACK, .flags = BERTH_LOOK_UP,
                    .by = DOOR + 1, RETURNS(R_LABEL)},
    [OP_BY_BADGE] = {OPERATION("by_badge", BERTH_FIND), ON_RACK,
                     .flags = BERTH_ABSENT_OK | BERTH_LOOK_UP, .by = BADGE + 1, RETURNS(R_LABEL)},
    [OP_BY_PLACE] = {OPERATION("by_place", BERTH_FIND), ON_RACK, .flags = BERTH_LOOK_UP,
                     .by = PLACE + 1, RETURNS(R_LABEL)},
    [OP_KICK] = {OPERATION("kick", BERTH_FIND), ON_RACK, STEPS({0, KICK})},
    [OP_WIPE] = {OPERATION("wipe", BERTH_FIND), ON_RACK, STEPS({0, WIPE})},
    [OP_FIND_SHELF] = {OPERATION("find_shelf", BERTH_FIND), ON_SHELF, .flags = BERTH_ABSENT_OK,
                       STEPS({1, OPEN}), RETURNS(R_BAY)},
    [OP_PLACE] = {OPERATION("place", BERTH_CREATE), ON_RACK, .at = PLACE + 1, .enter = REST},
    [OP_ADD] = {OPERATION("add", BERTH_CREATE), ON_SHELF, .enter = IDLE},
    [OP_USE_ALL] = {OPERATION("use_all", BERTH_OBTAIN), ON_BOOK,
                    STEPS({0, OPEN}, {1, OPEN}, {2, OPEN}, {2, HOLD})},
    [OP_KICK_ALL] = {OPERATION("kick_all", BERTH_WITH), ON_BOOK, STEPS({0, KICK}, {2, OPEN})},
    [OP_STRICT] = {OPERATION("strict", BERTH_WITH), ON_BOOK, .flags = BERTH_LOOK_UP,
                   .rules = rules_strict},
    [OP_SHELF_CRASH] = {OPERATION("shelf_crash", BERTH_FIND), ON_SHELF,
                        STEPS({1, CRASH}, {1, KICK}, {0, OPEN})},
    [OP_CLOSE_TWICE] = {OPERATION("close_twice", BERTH_WITH), ON_BOOK, .flags = BERTH_ENDS,
                        STEPS({0, CLOSE}, {0, CLOSE}, {1, CLOSE}, {2, CLOSE})},
    [OP_BY_BAY] = {OPERATION("by_bay", BERTH_FIND), ON_SHELF, .by = 1, STEPS({1, OPEN}),
                   RETURNS(R_PATH)},
};

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
        &depot_resources[type->resource].assigned[(type->at > 0 ? type->at : type->by) - 1];

    if (type->at > 0)
        return request->at && request->at[0] < opts->rows && request->at[1] < value->parts[1].size;
    return value->kind == BERTH_ASSIGN_POOL ? request->at != NULL : request->by != NULL;
}

/* What berthc writes for each operation in straight lines, for all of them. */
static berth_refusal check(const berth_request *request, const void *options_)
{
    const berth_operation *type = &depot_operations[request->operation];
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
