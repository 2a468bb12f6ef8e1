/* The dump: what is tracked, as text for people. */

#include "../base/store/pool.h"
#include "../base/data/text.h"
#include "../core/report/error.h"
#include "../core/waiting/queue.h"
#include "../model/field.h"
#include "../model/stored/stored.h"
#include "../model/tracked/instance.h"
#include "../model/tracked/reservation.h"
#include "../model/tracked/tree.h"

/* Values begin a new line after so many bytes. */
enum { LINE_WIDTH = 90 };

struct dump {
    struct berth_manager *manager;
    berth_put *put;
    void *arg;
    int rc; /* the result of `put` that ended the dump, or 0 */
    int64_t now;
    uint64_t n_operations; /* shown so far */
    struct text text;
    char line[BERTH_DUMP_LINE_SIZE];
};

static void begin_line(struct dump *dump, unsigned indent)
{
    text_start(&dump->text, dump->line, sizeof dump->line);
    for (unsigned i = 0; i < indent; i++)
        text_add(&dump->text, "  ");
}

static void end_line(struct dump *dump)
{
    text_end(&dump->text);
    if (dump->rc == 0)
        dump->rc = dump->put(dump->arg, dump->line);
}

/* disk "/img/a" */
static void dump_instance(struct dump *dump, struct instance *instance)
{
    text_format(&dump->text, "%s ", instance_type(dump->manager, instance)->name);
    if (!error_write_key(&dump->text, dump->manager, instance))
        dump->text.length--; /* it has no key: removes the blank */
}

/* Fields and assigned values */

static void begin_value(struct dump *dump, unsigned indent, const char *name, bool *any)
{
    if (*any && dump->text.length > LINE_WIDTH) {
        end_line(dump);
        *any = false;
    }
    if (!*any)
        begin_line(dump, indent);
    text_format(&dump->text, "%s%s=", *any ? ", " : "", name);
    *any = true;
}

static void dump_leaf(struct dump *dump, uint8_t type, const void *value)
{
    const berth_field field = {.type = type};

    if (type == BERTH_CHARS)
        text_quoted(&dump->text, value);
    else
        field_write(&field, value, &dump->text);
}

static void put_assigned(struct dump *dump, unsigned indent, const berth_assigned *assigned,
                         const char *view, bool *any)
{
    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        begin_value(dump, indent, assigned->parts[i].name, any);
        dump_leaf(dump, assigned->parts[i].type, view + assigned->parts[i].view_offset);
    }
    if (assigned->n_parts > 0)
        return;
    begin_value(dump, indent, assigned->name, any);
    dump_leaf(dump, assigned->type, view + assigned->view_offset);
}

static void put_values(struct dump *dump, struct instance *instance, unsigned indent)
{
    const berth_resource *resource = instance_type(dump->manager, instance);
    const char *view = instance_view(instance);
    bool any = false;

    for (uint8_t i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];

        if (field->flags & BERTH_KEY)
            continue;
        begin_value(dump, indent, field->name, &any);
        field_write(field, view + field->view_offset, &dump->text);
    }
    for (uint8_t i = 0; i < resource->n_assigned; i++)
        put_assigned(dump, indent, &resource->assigned[i], view, &any);
    if (any)
        end_line(dump);
}

/* Operations */

static bool is_calling(const struct operation *operation)
{
    return operation->in_hook || (operation->stage == STAGE_CALLED && !operation->call.completed);
}

static void dump_call(struct dump *dump, const struct operation *operation)
{
    text_format(&dump->text, " %s %s of ", operation->in_hook ? "is in" : "waits for",
                dump->manager->type->hooks[operation->call.hook].name);
    dump_instance(dump, operation->levels[operation->level].instance);
    if (dump->manager->trace) {
        text_add(&dump->text, " for ");
        text_number(&dump->text, (uint64_t)(dump->now - operation->started) / 1000, false);
        text_add(&dump->text, " us");
    }
}

static void put_operation(struct dump *dump, const struct operation *operation, unsigned indent)
{
    begin_line(dump, indent);
    text_format(&dump->text, "operation %s", operation->call.operation);
    if (operation->waits)
        text_add(&dump->text, " waits for this root");
    else if (is_calling(operation))
        dump_call(dump, operation);
    else
        text_add(&dump->text, operation->root ? " has this root and goes on" : " has not begun");
    if (operation->type && operation->type->form == BERTH_WITH) {
        text_add(&dump->text, ", with reservation ");
        text_uuid(&dump->text, operation->arguments.reservation);
    }
    end_line(dump);
    dump->n_operations++;
}

static void put_queue(struct dump *dump, const struct root *root)
{
    const struct root_lock *lock = root->instance.awaited ? root->entry.lock : NULL;

    if (queue_owner(root))
        put_operation(dump, queue_owner(root), 1);
    for (unsigned i = LINE_KEY; lock && i <= LINE_OTHER; i++) {
        const struct operation *first = lock->lines[i];
        const struct operation *at = first;

        while (at && dump->rc == 0) {
            put_operation(dump, at, 1);
            at = at->next == first ? NULL : at->next;
        }
    }
}

/* Operations in no queue: they have not begun, or their instances have ended. */
static void put_other_operations(struct dump *dump)
{
    uint64_t left;

    for (const struct operation *at = dump->manager->ready; at && dump->rc == 0; at = at->next)
        if (!at->root && !at->waits && at->stage == STAGE_RESOLVE)
            put_operation(dump, at, 0);
    left = dump->manager->n_operations - dump->n_operations;
    if (left == 0 || dump->rc != 0)
        return;
    begin_line(dump, 0);
    text_count(&dump->text, left, " operation that has no root", " operations that have no root");
    end_line(dump);
}

/* Instances */

static unsigned depth_of(const struct instance *instance)
{
    return instance->root ? 0 : 1 + depth_of(instance_above(instance));
}

static void put_instance(struct dump *dump, struct instance *instance)
{
    unsigned indent = depth_of(instance);

    begin_line(dump, indent);
    dump_instance(dump, instance);
    text_format(&dump->text,
                " %s: ", instance_type(dump->manager, instance)->states[instance->state]);
    text_count(&dump->text, (uint64_t)instance->holds + instance->anonymous, " reference, ",
               " references, ");
    text_count(&dump->text, instance->n_children, " child", " children");
    end_line(dump);
    put_values(dump, instance, indent + 1);
    if (instance->root)
        put_queue(dump, instance_as_root(instance));
}

static void put_reservation(struct dump *dump, const struct reservation *reservation)
{
    unsigned levels = reservation_levels(dump->manager, reservation);
    struct hold_set hold_set = reservation_hold_set(reservation, levels);
    const char *between = " holds ";

    if (reservation_is_released(dump->manager, reservation, hold_set))
        return;
    begin_line(dump, 0);
    text_add(&dump->text, "reservation ");
    text_uuid(&dump->text, reservation->id);
    if (manager_stored(dump->manager)) {
        text_add(&dump->text, " of ");
        text_quoted(&dump->text, stored_reservation(reservation, levels)->owner);
    }
    for (unsigned i = 0; i < levels; i++)
        if ((hold_set.held >> i) & 1) {
            text_add(&dump->text, between);
            dump_instance(dump, reservation_instance(reservation, levels, i));
            between = ", ";
        }
    if (hold_set.held == 0)
        text_add(&dump->text, " holds nothing");
    end_line(dump);
}

/* Slots */

static uint64_t count_instances(const struct dump *dump, uint8_t resource)
{
    uint64_t n = 0;

    for (struct instance *at = dump->manager->roots; at; at = tree_next_down(dump->manager, at))
        n += at->resource == resource;
    return n;
}

static void put_pools(struct dump *dump, uint8_t id)
{
    const struct layout *layout = &dump->manager->layouts[id];

    for (uint8_t i = 0; i < layout->type->n_assigned && dump->rc == 0; i++) {
        if (layout->type->assigned[i].kind != BERTH_ASSIGN_POOL)
            continue;
        begin_line(dump, 0);
        text_format(&dump->text, "pool %s.%s: ", layout->type->name,
                    layout->type->assigned[i].name);
        text_number(&dump->text, count_instances(dump, id), false);
        text_add(&dump->text, " of ");
        text_count(&dump->text, layout->values[i].pool.size, " slot taken", " slots taken");
        end_line(dump);
    }
}

static void put_reservations(struct dump *dump)
{
    struct reservation *first = reservation_in_order(dump->manager);

    for (struct reservation *at = first; at && dump->rc == 0; at = reservation_next(at))
        put_reservation(dump, at);
    reservation_put_back(dump->manager, first);
}

static void put_all(struct dump *dump)
{
    struct berth_manager *manager = dump->manager;

    for (struct instance *at = manager->roots; at && dump->rc == 0;
         at = tree_next_down(dump->manager, at))
        put_instance(dump, at);
    if (dump->rc == 0)
        put_reservations(dump);
    if (dump->rc == 0)
        put_other_operations(dump);
    for (unsigned i = 1; i <= manager->type->n_resources && dump->rc == 0; i++)
        put_pools(dump, (uint8_t)i);
}

int berth_manager_dump(berth_manager *manager, berth_put *put, void *arg)
{
    struct dump dump = {.manager = manager, .put = put, .arg = arg};
    int rc = put ? manager_lock(manager) : -EINVAL;

    if (rc != 0)
        return rc;
    lock_enter_callback(&manager->lock);
    if (manager->trace)
        dump.now = berth_now();
    put_all(&dump);
    lock_leave_callback(&manager->lock);
    lock_release(&manager->lock);
    return dump.rc;
}
