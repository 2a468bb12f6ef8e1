/*
 * What the generated source of the kitchen computes and hands to the runtime, without a runtime:
 * berth_manager_run and its like are replaced by stubs that record what they get. Expected values
 * come from kitchen.yaml.
 */
#include "kitchen.c"

#include <assert.h>
#include <string.h>

static berth_request last;
static berth_root last_root;
static berth_manager *last_manager;
static const void *last_config[4];
static uint32_t last_at[2];
static void *last_results[11];
static size_t last_sizes[11];
static uint64_t last_number;
static struct {
    void *op;
    berth_done *done;
    void *arg;
} started;

int berth_manager_create(const berth_manager_type *type, const void *options, const void *backend,
                         const berth_config *config, berth_manager **out, berth_error *error)
{
    (void)options;
    (void)config;
    (void)error;
    assert(type == &kitchen_manager_type);
    if (out == NULL)
        return -EINVAL;
    *out = NULL;
    return backend == NULL ? -EINVAL : 0;
}

int berth_manager_destroy(berth_manager *manager, berth_error *error)
{
    (void)error;
    return manager == NULL ? 0 : -EBUSY;
}

int berth_manager_drain(berth_manager *manager, int64_t deadline, berth_error *error)
{
    (void)manager;
    (void)error;
    return deadline == 7 ? -ETIMEDOUT : 0;
}

int berth_manager_dump(berth_manager *manager, berth_put *put, void *arg)
{
    last_manager = manager;
    return put(arg, "a line");
}

int berth_manager_discard(berth_manager *manager)
{
    last_manager = manager;
    return 0;
}

int berth_manager_discard_root(berth_manager *manager, const berth_root *named, berth_error *error)
{
    last_manager = manager;
    last_root = *named;
    return error != NULL ? -ENOENT : 0;
}

int berth_manager_run(berth_manager *manager, const berth_request *request, berth_error *error)
{
    const berth_operation *operation = &operation_table[request->operation];

    (void)error;
    last_manager = manager;
    last = *request;
    if (request->config != NULL)
        memcpy(last_config, request->config, operation->levels * sizeof *last_config);
    if (request->at != NULL)
        memcpy(last_at, request->at, sizeof last_at);
    if (request->results != NULL)
        memcpy(last_results, request->results, operation->n_returns * sizeof *last_results);
    if (request->result_sizes != NULL)
        memcpy(last_sizes, request->result_sizes, operation->n_returns * sizeof *last_sizes);
    if (request->operation == KITCHEN_OPERATION_LOOK_UP)
        last_number = *(const uint64_t *)request->by;
    return -EXDEV;
}

/* Shows one pot on burner 2 of the stove, as the runtime would. */
static kitchen_stove stove;
static kitchen_burner burner = {.stove = &stove};
static kitchen_pot pot = {.burner = &burner};

int berth_manager_start(berth_manager *manager, const berth_request *request, berth_error *error,
                        void *op, berth_done *done, void *arg)
{
    started.op = op;
    started.done = done;
    started.arg = arg;
    return berth_manager_run(manager, request, error);
}

int berth_manager_drain_start(berth_manager *manager, int64_t deadline, berth_error *error,
                              void *op, berth_done *done, void *arg)
{
    started.op = op;
    started.done = done;
    started.arg = arg;
    return berth_manager_drain(manager, deadline, error);
}

int berth_manager_cancel(berth_manager *manager, void *op)
{
    last_manager = manager;
    started.op = op;
    return 3;
}

int berth_manager_poll(berth_manager *manager, int64_t *next_deadline)
{
    last_manager = manager;
    *next_deadline = 77;
    return 4;
}

int berth_manager_for_each(berth_manager *manager, berth_visit *visit, void *arg)
{
    berth_item item = {
        .resource = KITCHEN_RESOURCE_POT,
        .state = KITCHEN_POT_STATE_SHAKY,
        .refs = 2,
        .children = 3,
        .view = &pot,
        .parent = &burner,
    };

    (void)manager;
    return visit(arg, &item);
}

int berth_manager_for_each_reservation(berth_manager *manager,
                                       int (*visit)(void *arg, const unsigned char *reservation),
                                       void *arg)
{
    static const unsigned char id[16] = {1};

    (void)manager;
    return visit(arg, id);
}

static void test_rows_of_a_cell(void)
{
    const berth_resource *of_burner = &kitchen_manager_type.resources[KITCHEN_RESOURCE_BURNER];
    const berth_resource *of_stove = &kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE];
    const berth_row *rows =
        of_burner->rows +
        of_burner->cells[KITCHEN_BURNER_STATE_DARK * (3 + 1) + KITCHEN_BURNER_EVENT_IGNITE].row;

    assert(rows[0].or_next && rows[1].or_next && !rows[2].or_next);
    assert(rows[0].reject == EPROTOTYPE && rows[0].hook == 0 && rows[0].guard != NULL);
    assert(rows[1].hook == KITCHEN_HOOK_PIPE_SPARK && rows[1].ok.state == KITCHEN_BURNER_STATE_LIT);
    assert(rows[1].fail.state == KITCHEN_BURNER_STATE_DARK &&
           rows[1].uncertain.state == KITCHEN_BURNER_STATE_LEAKING);
    assert(rows[2].hook == KITCHEN_HOOK_PIPE_OPEN && rows[2].guard == NULL);
    rows =
        of_burner->rows +
        of_burner->cells[KITCHEN_BURNER_STATE_LEAKING * (3 + 1) + KITCHEN_BURNER_EVENT_IGNITE].row;
    assert(rows->ok.state == KITCHEN_BURNER_STATE_DARK &&
           rows->ok.raise == KITCHEN_BURNER_EVENT_IGNITE);
    assert(of_stove->cells[KITCHEN_STOVE_STATE_BROKEN * (4 + 1) + KITCHEN_STOVE_EVENT_HEAT].row ==
           0);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].otherwise == ENODATA);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].first_row == 0);
}

static const berth_row *row_of(const berth_resource *resource, unsigned state, unsigned event)
{
    return &resource->rows[resource->cells[state * (resource->n_events + 1u) + event].row];
}

static void test_guards_of_rows(void)
{
    kitchen_options options = KITCHEN_OPTIONS_DEFAULT;
    const berth_resource *resources = kitchen_manager_type.resources;
    const berth_row *heat = row_of(&resources[KITCHEN_RESOURCE_STOVE], KITCHEN_STOVE_STATE_COLD,
                                   KITCHEN_STOVE_EVENT_HEAT);
    const berth_row *ignite = row_of(&resources[KITCHEN_RESOURCE_BURNER], KITCHEN_BURNER_STATE_DARK,
                                     KITCHEN_BURNER_EVENT_IGNITE);

    stove.kind = KITCHEN_STOVE_KIND_PLAIN;
    assert(!heat->guard(&options, &stove)); /* a school */
    options.mode = KITCHEN_OPTION_MODE_HOME;
    assert(heat->guard(&options, &stove));
    stove.kind = KITCHEN_STOVE_KIND_INDUCTION;
    assert(!heat->guard(&options, &stove));
    assert(ignite[0].guard(&options, &burner));
    assert(!ignite[1].guard(&options, &burner));
    stove.kind = KITCHEN_STOVE_KIND_GAS;
    assert(!ignite[0].guard(&options, &burner));
    burner.position = 1;
    assert(ignite[1].guard(&options, &burner));
    burner.position = 2;
    assert(!ignite[1].guard(&options, &burner));
    options.level = -3;
    assert(ignite[1].guard(&options, &burner));
    options.level = -2;
    assert(!ignite[1].guard(&options, &burner));
}

static bool is_denied(berth_refusal refusal, int error, uint8_t rule)
{
    return refusal.code == -error && refusal.rule == rule && refusal.resource == 0 &&
           refusal.field == 0;
}

static void test_what_is_denied(void)
{
    kitchen_options options = KITCHEN_OPTIONS_DEFAULT;
    kitchen_stove_config a_stove = KITCHEN_STOVE_CONFIG_DEFAULT;
    kitchen_burner_config a_burner = KITCHEN_BURNER_CONFIG_DEFAULT;
    kitchen_pot_config a_pot = KITCHEN_POT_CONFIG_DEFAULT;
    const void *const config[] = {&a_stove, &a_burner, &a_pot};
    const berth_operation *reserve = &kitchen_manager_type.operations[KITCHEN_OPERATION_RESERVE];
    uuid_t id;
    void *const results[8] = {NULL}; /* not wanted */
    const berth_request request = {.config = config, .gives = id, .results = results};

    a_stove.site[0] = 1;
    a_stove.model = "Vulcan";
    a_pot.dish = "soup";
    assert(strcmp(reserve->rules[1], "There is no gas pipe") == 0 &&
           strcmp(reserve->rules[3], "Too dear") == 0);
    assert(reserve->check(&request, &options).rule != 1);
    options.gas = false; /* the default stove is a gas stove */
    assert(is_denied(reserve->check(&request, &options), EPERM, 1));
    a_stove.kind = KITCHEN_STOVE_KIND_PLAIN;
    assert(reserve->check(&request, &options).rule != 1);

    assert(reserve->check(&request, &options).rule != 2);
    a_stove.weight = 4000000000u;
    assert(reserve->check(&request, &options).rule != 2);
    a_stove.weight = 4000000001u;
    assert(is_denied(reserve->check(&request, &options), ERANGE, 2));
    a_stove.weight = 0;
    a_stove.offset = INT64_C(-5000000001);
    assert(a_pot.lid && is_denied(reserve->check(&request, &options), ERANGE, 2));
    a_pot.lid = false;
    assert(reserve->check(&request, &options).rule != 2);
    a_stove.flags = 255;
    assert(is_denied(reserve->check(&request, &options), ERANGE, 2));

    a_stove.flags = 0;
    a_stove.price = UINT64_C(9999999999999999999);
    assert(reserve->check(&request, &options).rule != 3);
    a_stove.price++;
    assert(is_denied(reserve->check(&request, &options), EDQUOT, 3));
    options.mode = KITCHEN_OPTION_MODE_CANTEEN;
    assert(reserve->check(&request, &options).rule != 3);
}

static bool is_refused(berth_refusal refusal, uint8_t resource, uint8_t number)
{
    return refusal.code == -EINVAL && refusal.rule == 0 && refusal.resource == resource &&
           refusal.field == number;
}

/*
 * What is wrong first is told, in the order of semantics.md: what must be there, the configs from
 * the root on, the rules.
 */
static void test_what_is_refused(void)
{
    kitchen_options options = KITCHEN_OPTIONS_DEFAULT;
    kitchen_stove_config a_stove = KITCHEN_STOVE_CONFIG_DEFAULT;
    kitchen_burner_config a_burner = KITCHEN_BURNER_CONFIG_DEFAULT;
    kitchen_pot_config a_pot = KITCHEN_POT_CONFIG_DEFAULT;
    const void *config[] = {NULL, &a_burner, NULL};
    const berth_operation *reserve = &kitchen_manager_type.operations[KITCHEN_OPERATION_RESERVE];
    uuid_t id;
    void *const results[8] = {NULL}; /* not wanted */
    berth_request request = {.config = config, .results = results};

    options.gas = false; /* denied, in the end */
    a_burner.position = 4;
    assert(is_refused(reserve->check(&request, &options), 0, 0));
    request.gives = id;
    assert(is_refused(reserve->check(&request, &options), KITCHEN_RESOURCE_STOVE, 0));
    config[0] = &a_stove;
    assert(is_refused(reserve->check(&request, &options), KITCHEN_RESOURCE_STOVE, 1)); /* site */
    a_stove.site[0] = 1;
    a_stove.model = "Vulcan";
    /* position */
    assert(is_refused(reserve->check(&request, &options), KITCHEN_RESOURCE_BURNER, 1));
    a_burner.position = 3;
    assert(is_refused(reserve->check(&request, &options), KITCHEN_RESOURCE_POT, 0));
    config[2] = &a_pot;
    assert(is_refused(reserve->check(&request, &options), KITCHEN_RESOURCE_POT, 1)); /* dish */
    a_pot.dish = "soup";
    assert(is_denied(reserve->check(&request, &options), EPERM, 1));
    options.gas = true;
    assert(reserve->check(&request, &options).code == 0);
}

static void format(unsigned resource, unsigned assigned, const void *options, void *view)
{
    kitchen_manager_type.resources[resource].assigned[assigned].format(options, view);
}

static void test_texts(void)
{
    kitchen_options options = KITCHEN_OPTIONS_DEFAULT;
    const char *longest = "stove 999 \"Mmmmmmmmmmmmmmmmmmmmmmmm\" induction -20 "
                          "-9223372036854775808 false 18446744073709551615 false canteen {100%}";

    memset(&stove, 0, sizeof stove);
    stove.number = 12;
    stove.model = "Max \\ 3";
    stove.kind = KITCHEN_STOVE_KIND_GAS;
    stove.heat = -20;
    stove.offset = INT64_C(-9000000000);
    stove.self_cleaning = true;
    stove.serial = 100;
    format(KITCHEN_RESOURCE_STOVE, 3, &options, &stove);
    assert(strcmp(stove.name,
                  "stove 12 \"Max \\ 3\" gas -20 -9000000000 true 100 true school {100%}") == 0);

    stove.number = 999;
    stove.model = "Mmmmmmmmmmmmmmmmmmmmmmmm"; /* 24 bytes, as long as it may be */
    stove.kind = KITCHEN_STOVE_KIND_INDUCTION;
    stove.offset = INT64_MIN;
    stove.self_cleaning = false;
    stove.serial = UINT64_MAX;
    options.gas = false;
    options.mode = KITCHEN_OPTION_MODE_CANTEEN;
    format(KITCHEN_RESOURCE_STOVE, 3, &options, &stove);
    assert(strcmp(stove.name, longest) == 0);
    assert(strlen(longest) + 1 == KITCHEN_STOVE_NAME_SIZE);

    /* never past the end */
    stove.model =
        "a text that is far longer than the runtime would ever have let through to this place";
    format(KITCHEN_RESOURCE_STOVE, 3, &options, &stove);
    assert(strlen(stove.name) + 1 == KITCHEN_STOVE_NAME_SIZE);

    options.budget = UINT64_C(5000000000);
    options.level = -5;
    format(KITCHEN_RESOURCE_STOVE, 3, &options, &stove);
    assert(strcmp(stove.name, "up -5 for 5000000000") == 0);

    options.gas = true;
    options.owner = "Ann";
    stove.row = 2;
    stove.column = 1;
    format(KITCHEN_RESOURCE_STOVE, 3, &options, &stove);
    assert(strcmp(stove.name, "Ann/2-1") == 0);

    burner.position = 3;
    burner.nozzle = 1;
    burner.rate = KITCHEN_BURNER_RATE_HIGH;
    memcpy(burner.code, "17", 3);
    format(KITCHEN_RESOURCE_BURNER, 2, &options, &burner);
    assert(strcmp(burner.label, "Ann/2-1 3:1:17:high") == 0);
}

static int called;

static int power_on(void *ctx, berth_call *call, const kitchen_stove *on,
                    kitchen_bus_power_on_out *out)
{
    (void)call;
    assert(ctx == &called && on == &stove);
    called = KITCHEN_HOOK_BUS_POWER_ON;
    out->power = 4000000000u;
    memcpy(out->firmware, "123456789012X", sizeof out->firmware); /* no NUL */
    out->session[15] = 9;
    out->drift = -1;
    out->ready = true;
    return BERTH_UNCERTAIN(-EIO);
}

static int power_off(void *ctx, berth_call *call, const kitchen_stove *off)
{
    (void)ctx;
    (void)call;
    assert(off == &stove);
    called = KITCHEN_HOOK_BUS_POWER_OFF;
    return -EIO;
}

static int on_burner(void *ctx, berth_call *call, const kitchen_burner *on)
{
    (void)ctx;
    (void)call;
    assert(on == &burner);
    called = KITCHEN_HOOK_PIPE_OPEN;
    return 0;
}

static int place(void *ctx, berth_call *call, const kitchen_pot *on, kitchen_hand_place_out *out)
{
    (void)ctx;
    (void)call;
    assert(on == &pot);
    out->hob = 4;
    return 0;
}

static int lift(void *ctx, berth_call *call, const kitchen_pot *on)
{
    (void)ctx;
    (void)call;
    assert(on == &pot);
    called = KITCHEN_HOOK_HAND_LIFT;
    return 0;
}

static const kitchen_backend backend = {
    .version = KITCHEN_BACKEND_VERSION,
    .ctx = &called,
    .bus = {.power_on = power_on, .power_off = power_off},
    .pipe = {.open = on_burner, .close = on_burner},
    .hand = {.place = place, .lift = lift},
};

static void test_hooks(void)
{
    kitchen_bus_power_on_out out = {0};
    const berth_manager_type *type = &kitchen_manager_type;

    assert(type->hooks[KITCHEN_HOOK_BUS_POWER_ON].out_size == sizeof out);
    assert(type->hooks[KITCHEN_HOOK_BUS_POWER_OFF].out_size == 0);
    assert(type->hooks[KITCHEN_HOOK_PIPE_SPARK].absent == ENODEV);
    assert(type->hooks[KITCHEN_HOOK_BUS_TEST].absent == 0);
    assert(type->has(&backend, KITCHEN_HOOK_BUS_POWER_ON));
    assert(!type->has(&backend, KITCHEN_HOOK_BUS_TEST));
    assert(!type->has(&backend, KITCHEN_HOOK_LIGHT_SWITCH));
    assert(!type->has(&backend, 99));
    assert(type->call(&backend, KITCHEN_HOOK_BUS_POWER_ON, NULL, &stove, &out) ==
               BERTH_UNCERTAIN(-EIO) &&
           called == KITCHEN_HOOK_BUS_POWER_ON);
    assert(type->call(&backend, KITCHEN_HOOK_BUS_POWER_OFF, NULL, &stove, NULL) == -EIO &&
           called == KITCHEN_HOOK_BUS_POWER_OFF);
    assert(type->call(&backend, KITCHEN_HOOK_HAND_LIFT, NULL, &pot, NULL) == 0 &&
           called == KITCHEN_HOOK_HAND_LIFT);
    assert(type->call(&backend, 99, NULL, &pot, NULL) == -ENOSYS);

    type->accept(KITCHEN_HOOK_BUS_POWER_ON, &out, &stove);
    assert(stove.power == 4000000000u && stove.drift == -1 && stove.ready &&
           stove.session[15] == 9);
    assert(strcmp(stove.firmware, "123456789012") == 0); /* 12 bytes at most */
    type->accept(KITCHEN_HOOK_BUS_POWER_OFF, NULL, &stove);
}

static void test_backend_is_described(void)
{
    kitchen *made = NULL;
    const berth_manager_type *type = &kitchen_manager_type;

    assert(kitchen_create(NULL, &backend, NULL, &made, NULL) == 0);
    assert(kitchen_create(NULL, &backend, NULL, NULL, NULL) == -EINVAL);
    assert(kitchen_create(NULL, NULL, NULL, &made, NULL) == -EINVAL && made == NULL);
    assert(type->backend_version == KITCHEN_BACKEND_VERSION && type->backend_version != 0);
    assert(type->hooks[KITCHEN_HOOK_PIPE_CLOSE].required);
    assert(type->hooks[KITCHEN_HOOK_HAND_PLACE].required);
    assert(!type->hooks[KITCHEN_HOOK_BUS_TEST].required);
    assert(type->hooks[KITCHEN_HOOK_BUS_TEST].together == 0);
}

static int is_put(void *arg, const char *line)
{
    assert(strcmp(line, "a line") == 0);
    ++*(int *)arg;
    return 7;
}

static void test_requests(void)
{
    int made_lines = 0;
    kitchen *manager = (kitchen *)&called;
    kitchen_stove_config a_stove = KITCHEN_STOVE_CONFIG_DEFAULT;
    kitchen_burner_config a_burner = KITCHEN_BURNER_CONFIG_DEFAULT;
    kitchen_pot_config a_pot = KITCHEN_POT_CONFIG_DEFAULT;
    kitchen_lamp_config a_lamp = KITCHEN_LAMP_CONFIG_DEFAULT;
    kitchen_stove_place a_place = {.row = 2, .column = 1};
    berth_error error;
    uuid_t id = {7};
    char label[KITCHEN_BURNER_LABEL_SIZE];
    kitchen_reserve_result held;
    kitchen_install_result installed;

    assert(kitchen_reserve(manager, &a_stove, &a_burner, &a_pot, id, &held, NULL) == -EXDEV);
    assert(last.operation == KITCHEN_OPERATION_RESERVE && last.gives == id &&
           last.reservation == NULL && last.deadline == BERTH_NO_DEADLINE);
    assert((void *)last_manager == (void *)manager);
    assert(last_config[0] == &a_stove && last_config[1] == &a_burner && last_config[2] == &a_pot);
    assert(last_results[0] == &held.serial && last_results[1] == held.tag &&
           last_results[2] == held.ticket && last_sizes[2] == sizeof held.ticket);
    assert(kitchen_borrow_burner(manager, &a_stove, &a_burner, label, 5, NULL) == -EXDEV);
    assert(last_results[0] == label && last_sizes[0] == 5);

    assert(kitchen_clean_until(manager, id, 5, NULL) == -EXDEV);
    assert(last.operation == KITCHEN_OPERATION_CLEAN && last.reservation == id &&
           last.gives == NULL && last.deadline == 5);
    assert(last.config == NULL && last.results == NULL && last.at == NULL && last.by == NULL);

    assert(kitchen_install(manager, &a_stove, &a_place, &installed, NULL) == -EXDEV);
    assert(last.at != NULL && last_at[0] == 2 && last_at[1] == 1 &&
           last_results[0] == &installed.serial && last_results[1] == &installed.row &&
           last_results[2] == &installed.column);
    assert(kitchen_install(manager, &a_stove, NULL, NULL, NULL) == -EXDEV);
    assert(last.at == NULL && last.results == NULL);

    assert(kitchen_inspect(manager, id, NULL, NULL) == -EXDEV && last.by == id);
    assert(kitchen_look_up(manager, 8, NULL, NULL) == -EXDEV && last_number == 8);
    assert(kitchen_ask(manager, "7", NULL, NULL) == -EXDEV && strcmp(last.by, "7") == 0);
    assert(kitchen_locate(manager, &a_place, NULL, NULL) == -EXDEV && last.by == NULL &&
           last_at[1] == 1);
    assert(kitchen_drain(manager, 7, NULL) == -ETIMEDOUT);
    assert(kitchen_discard(manager) == 0);
    assert(kitchen_discard_stove(manager, &a_stove, &error) == -ENOENT);
    assert(last_root.resource == KITCHEN_RESOURCE_STOVE && last_root.config == &a_stove);
    assert(last_root.wrong == KITCHEN_STOVE_FIELD_SITE);
    assert(strcmp(last_root.operation, "discard_stove") == 0);
    a_stove.site[0] = 1; /* its model is still missing, which does not count */
    assert(kitchen_discard_stove(manager, &a_stove, NULL) == 0 && last_root.wrong == 0);
    assert(kitchen_discard_stove(manager, NULL, NULL) == 0);
    assert(last_root.config == NULL && last_root.wrong == 0);
    assert(kitchen_discard_lamp(manager, &a_lamp, NULL) == 0 && last_root.config == &a_lamp);
    assert(last_root.resource == KITCHEN_RESOURCE_LAMP && last_root.wrong == 0);
    assert(kitchen_dump(manager, is_put, &made_lines) == 7 && made_lines == 1 &&
           (void *)last_manager == (void *)manager);
    assert(kitchen_destroy(NULL, NULL) == 0);
}

static void is_done(void *arg, int code)
{
    (void)arg;
    (void)code;
}

static void was_started(const kitchen_op *op, const void *arg)
{
    assert(started.op == op && started.done == is_done && started.arg == arg);
    memset(&started, 0, sizeof started);
}

static void test_started(void)
{
    kitchen *manager = (kitchen *)&called;
    kitchen_stove_config a_stove = KITCHEN_STOVE_CONFIG_DEFAULT;
    kitchen_stove_place a_place = {.row = 2, .column = 1};
    kitchen_op op;
    kitchen_install_result installed;
    uuid_t id = {7};
    uuid_t tag;
    int64_t next;

    assert(kitchen_clean_start(manager, &op, id, 5, NULL, is_done, &id) == -EXDEV);
    was_started(&op, &id);
    assert((void *)last_manager == (void *)manager);
    assert(last.operation == KITCHEN_OPERATION_CLEAN && last.reservation == id &&
           last.gives == NULL && last.deadline == 5);

    assert(kitchen_install_start(manager, NULL, &a_stove, &a_place, &installed, BERTH_NO_DEADLINE,
                                 NULL, is_done, NULL) == -EXDEV);
    was_started(NULL, NULL);
    assert(last_at[0] == 2 && last_at[1] == 1 && last_results[0] == &installed.serial &&
           last_results[1] == &installed.row && last.deadline == BERTH_NO_DEADLINE);

    assert(kitchen_look_up_start(manager, &op, 9, NULL, 6, NULL, is_done, tag) == -EXDEV &&
           last_number == 9 && last.results == NULL);
    was_started(&op, tag);
    assert(kitchen_drain_start(manager, &op, 7, NULL, is_done, tag) == -ETIMEDOUT);
    was_started(&op, tag);
    last_manager = NULL;
    assert(kitchen_cancel(manager, &op) == 3 && started.op == &op &&
           (void *)last_manager == (void *)manager);
    last_manager = NULL;
    assert(kitchen_poll(manager, &next) == 4 && next == 77 &&
           (void *)last_manager == (void *)manager);
    assert(kitchen_manager_type.op_size == sizeof(kitchen_op));
}

static int visit(void *arg, const kitchen_item *item)
{
    assert(arg == &called);
    assert(item->resource == KITCHEN_RESOURCE_POT && item->state == KITCHEN_POT_STATE_SHAKY &&
           item->refs == 2 && item->children == 3);
    assert(item->pot == &pot && item->burner == &burner && item->stove == &stove &&
           item->shelf == NULL && item->lamp == NULL);
    return 42;
}

static int visit_id(void *arg, const uuid_t reservation)
{
    return arg == &called && reservation[0] == 1 ? 43 : 0;
}

static void test_visits(void)
{
    assert(kitchen_for_each(NULL, visit, &called) == 42);
    assert(kitchen_for_each(NULL, NULL, NULL) == -EINVAL);
    assert(kitchen_for_each_reservation(NULL, visit_id, &called) == 43);
    assert(kitchen_for_each_reservation(NULL, NULL, NULL) == -EINVAL);
}

static void test_names(void)
{
    assert(strcmp(kitchen_pot_state_name(KITCHEN_POT_STATE_SHAKY), "shaky") == 0);
    assert(strcmp(kitchen_pot_state_name(KITCHEN_POT_STATE_NONE), "?") == 0);
    assert(strcmp(kitchen_pot_state_name((kitchen_pot_state)6), "?") == 0);
    assert(strcmp(kitchen_stove_event_name(KITCHEN_STOVE_EVENT_HEAT), "heat") == 0);
    assert(strcmp(kitchen_hook_name(KITCHEN_HOOK_LIGHT_SWITCH), "light.switch") == 0);
    assert(strcmp(kitchen_operation_name(KITCHEN_OPERATION_TAKE_DOWN_BY_ID), "take_down_by_id") ==
           0);
    assert(strcmp(kitchen_resource_name(KITCHEN_RESOURCE_BURNER), "burner") == 0);
    /* 0 is a value */
    assert(strcmp(kitchen_stove_kind_name(KITCHEN_STOVE_KIND_PLAIN), "plain") == 0);
    assert(strcmp(kitchen_stove_kind_name((kitchen_stove_kind)3), "?") == 0);
    assert(strcmp(kitchen_option_mode_name((kitchen_option_mode)-1), "?") == 0);
}

static void test_fields_and_options(void)
{
    const berth_resource *shelf = &kitchen_manager_type.resources[KITCHEN_RESOURCE_SHELF];
    const berth_field *option = kitchen_manager_type.options;
    const berth_default *defaults = kitchen_manager_type.defaults;
    kitchen_options options = KITCHEN_OPTIONS_DEFAULT;
    kitchen_stove_config a_stove = KITCHEN_STOVE_CONFIG_DEFAULT;

    assert(options.rows == 2 && options.gas && options.mode == KITCHEN_OPTION_MODE_SCHOOL &&
           options.level == -1 && options.budget == 1000);
    assert(strcmp(options.owner, "cook") == 0);
    assert(a_stove.number == 1 && a_stove.kind == KITCHEN_STOVE_KIND_GAS &&
           a_stove.tools.count == 0 && uuid_is_null(a_stove.site));
    assert(option[0].flags == (BERTH_RANGED | BERTH_ZERO_DEFAULT) && defaults[0].number == 2 &&
           option[0].range->min == 1 && option[0].range->max == 3);
    assert(option[3].flags == BERTH_RANGED && defaults[3].number == -1 &&
           option[3].range->min == -5);
    assert(option[5].flags == BERTH_ZERO_DEFAULT && strcmp(defaults[5].text, "cook") == 0 &&
           option[5].max_length == 16);
    assert(shelf->n_fields == 7);
    for (int i = 0; i < 7; i++)
        assert(shelf->fields[i].flags & BERTH_KEY); /* key: all */
    assert(strcmp(shelf->fields[1].name, "class") == 0 &&
           shelf->fields[1].view_offset == offsetof(kitchen_shelf, class_));
    /* 2^64 - 2 in two's complement */
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].fields[8].range->max == -2);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_LAMP].n_fields == 0);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].assigned[0].start == 100);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].assigned[0].indexed);
    assert(!kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].assigned[3].indexed);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_STOVE].assigned[2].parts[0].option == 1);
    assert(kitchen_manager_type.resources[KITCHEN_RESOURCE_POT].level == 2);
}

int main(void)
{
    test_rows_of_a_cell();
    test_guards_of_rows();
    test_what_is_denied();
    test_what_is_refused();
    test_texts();
    test_hooks();
    test_backend_is_described();
    test_requests();
    test_started();
    test_visits();
    test_names();
    test_fields_and_options();
    return 0;
}
