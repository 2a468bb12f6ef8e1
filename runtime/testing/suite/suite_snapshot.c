/* Everything a manager tracks, as text, through the typed for_each. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

static unsigned number_of(berth_suite *suite, const void *instance)
{
    size_t i;

    for (i = 0; i < suite->n_items; i++) {
        if (suite->items[i].instance == instance)
            return suite->items[i].number;
    }
    return 0;
}

static unsigned next_number(berth_suite *suite, uint8_t resource, const void *instance)
{
    unsigned number = 1;
    size_t i;

    for (i = 0; i < suite->n_items; i++)
        number += suite->items[i].resource == resource;
    if (suite->n_items == suite->items_capacity) {
        suite->items_capacity = suite->items_capacity * 2 + 8;
        suite->items = realloc(suite->items, suite->items_capacity * sizeof *suite->items);
        if (suite->items == NULL)
            abort();
    }
    suite->items[suite->n_items++] = (suite_item){instance, resource, number};
    return number;
}

berth_suite_text *berth_suite_item_begin(berth_suite *suite, uint8_t resource, const void *instance,
                                         const void *parent)
{
    const berth_suite_resource *type = &suite->type->resources[resource];
    berth_suite_text *text = &suite->sections[resource];

    suite->item_resource = resource;
    suite_text_add(text, " | %s#%u", type->name, next_number(suite, resource, instance));
    if (type->parent != 0)
        suite_text_add(text, " of %s#%u", suite->type->resources[type->parent].name,
                       number_of(suite, parent));
    return text;
}

void berth_suite_item_end(berth_suite *suite, const char *state, uint32_t refs, uint32_t children)
{
    berth_suite_text *text = &suite->sections[suite->item_resource];

    suite_text_add(text, " %s refs=%u", state, (unsigned)refs);
    if (children > 0)
        suite_text_add(text, " children=%u", (unsigned)children);
}

static unsigned reservation_number(const berth_suite *suite, const unsigned char *reservation)
{
    size_t i;

    for (i = 0; i < suite->n_reservations; i++) {
        if (uuid_compare(suite->reservations[i], reservation) == 0)
            return (unsigned)i + 1;
    }
    return 0;
}

int berth_suite_reservation(void *suite_, const unsigned char *reservation)
{
    berth_suite *suite = suite_;
    berth_suite_text *text = &suite->sections[0];

    suite_text_add(text, "%sr%u", text->length > 0 ? " " : "",
                   reservation_number(suite, reservation));
    return 0;
}

bool suite_is_tracked(const berth_suite *suite, const void *instance)
{
    size_t i;

    for (i = 0; i < suite->n_items; i++) {
        if (suite->items[i].instance == instance)
            return true;
    }
    return false;
}

void suite_snapshot(berth_suite *suite, berth_suite_text *out)
{
    const berth_suite_manager *type = suite->type;
    unsigned i;

    suite->n_items = 0;
    for (i = 0; i <= type->n_resources; i++)
        suite_text_clear(&suite->sections[i]);
    if (type->for_each_reservation(suite->manager, suite) != 0 ||
        type->for_each(suite->manager, suite) != 0)
        suite_fail(suite, "for_each failed");
    suite_text_clear(out);
    suite_text_add(out, "%s", suite->sections[0].length > 0 ? suite->sections[0].data : "-");
    for (i = 1; i <= type->n_resources; i++)
        suite_text_copy(out, &suite->sections[i]);
}
