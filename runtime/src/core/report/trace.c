#include "trace.h"

#include "../../base/data/text.h"
#include "error.h"

/* The reservation that the operation is with, or gives; or NULL. */
static const unsigned char *reservation_of(const struct operation *operation)
{
    if (!operation->type)
        return NULL;
    if (operation->type->form == BERTH_WITH)
        return operation->arguments.reservation;
    return operation->reservation ? operation->reservation->id : NULL;
}

/* The common part of a row and its call. `key` has BERTH_ERROR_KEY_SIZE bytes. */
static berth_transition at_level(const struct operation *operation, unsigned level, uint8_t event,
                                 uint16_t row, char *key)
{
    const struct berth_manager *manager = operation->call.manager;
    struct instance *instance = operation->levels[level].instance;
    const berth_resource *resource = operation_resource(operation, level);

    error_instance_key(key, manager, instance);
    return (berth_transition){
        .manager = manager->type->name,
        .operation = operation->call.operation,
        .reservation = reservation_of(operation),
        .resource = resource->name,
        .key = key,
        .instance = instance_view(instance),
        .state = resource->states[instance->state],
        .event = resource->events[event],
        .row = row > 0 ? (uint16_t)(resource->first_row + row) : 0,
    };
}

void trace_row(const struct operation *operation, unsigned level, uint8_t event,
               struct traced traced)
{
    char key[BERTH_ERROR_KEY_SIZE];
    berth_transition transition = at_level(operation, level, event, traced.row, key);

    transition.kind = BERTH_TRACE_ROW;
    transition.outcome = traced.outcome;
    transition.error = traced.error;
    transition.next = operation_resource(operation, level)->states[traced.next];
    if (traced.row > 0 && operation->stage >= STAGE_CALL) {
        transition.hook = operation->call.manager->type->hooks[operation->call.hook].name;
        transition.duration_ns = berth_now() - operation->started;
    }
    operation->call.manager->trace(operation->call.manager->trace_ctx, &transition);
}

void trace_call(const struct operation *operation)
{
    const struct berth_call *call = &operation->call;
    char key[BERTH_ERROR_KEY_SIZE];
    berth_transition transition =
        at_level(operation, operation->level, operation->event, call->row, key);

    transition.kind = BERTH_TRACE_CALL;
    transition.hook = call->manager->type->hooks[call->hook].name;
    call->manager->trace(call->manager->trace_ctx, &transition);
}

static void report_refusal(const struct berth_manager *manager, const berth_error *error,
                           const unsigned char *reservation)
{
    manager->trace(manager->trace_ctx, &(berth_transition){
                                           .kind = BERTH_TRACE_REFUSAL,
                                           .manager = error->manager,
                                           .operation = error->operation,
                                           .reservation = reservation,
                                           .resource = error->resource,
                                           .key = error->key,
                                           .state = error->state,
                                           .event = error->event,
                                           .hook = error->hook,
                                           .error = error->code,
                                           .refusal = error,
                                       });
}

void trace_refusal(const struct operation *operation, const struct operation *by)
{
    const struct berth_manager *manager = operation->call.manager;
    bool with = operation->type && operation->type->form == BERTH_WITH;
    /* from the first call on each row is reported as it ends */
    bool reported = by == operation && operation->called && !operation->discarded;
    berth_error error;

    if (!manager->trace || reported)
        return;
    error_fill(&error, operation->call.operation, by);
    report_refusal(manager, &error, with ? operation->arguments.reservation : NULL);
}

void trace_refused_early(berth_manager *manager, const berth_error *error,
                         const unsigned char *reservation)
{
    if (!manager->trace || lock_acquire(&manager->lock) != 0)
        return;
    report_refusal(manager, error, reservation);
    lock_release(&manager->lock);
}

static const char *const outcomes[] = {[BERTH_OK] = "ok",
                                       [BERTH_FAILED] = "failed",
                                       [BERTH_UNSURE] = "uncertain",
                                       [BERTH_REJECTED] = "rejected",
                                       [BERTH_RELEASED] = "released",
                                       [BERTH_ANSWERED_YES] = "yes",
                                       [BERTH_ANSWERED_NO] = "no",
                                       [BERTH_ANSWERED_UNKNOWN] = "cannot tell"};

static void add_row(struct text *text, const berth_transition *transition)
{
    if (transition->hook)
        text_format(text, "%s ", transition->hook);
    text_add(text, outcomes[transition->outcome]);
    if (transition->error != 0)
        text_format(text, " %s", berth_errno_name(transition->error));
    text_format(text, " -> %s", transition->next);
    if (transition->hook) {
        text_add(text, ", ");
        text_number(text, (uint64_t)transition->duration_ns / 1000, false);
        text_add(text, " us");
    }
}

const char *berth_transition_text(const berth_transition *transition, char *line, size_t size)
{
    const berth_error place = {
        .manager = transition->manager,
        .operation = transition->operation,
        .resource = transition->resource,
        .state = transition->state,
        .event = transition->event,
    };
    struct text text;

    if (size == 0)
        return line;
    text_start(&text, line, size);
    error_write_operation(&place, &text);
    if (transition->kind == BERTH_TRACE_REFUSAL) {
        text_add(&text, "refused: ");
        error_write(transition->refusal, &text);
    } else {
        error_write_place(&place, transition->key, &text);
        if (transition->kind == BERTH_TRACE_CALL)
            text_format(&text, "%s starts", transition->hook);
        else
            add_row(&text, transition);
    }
    if (transition->reservation) {
        text_add(&text, " (reservation ");
        text_uuid(&text, transition->reservation);
        text_add(&text, ")");
    }
    text_end(&text);
    return line;
}
