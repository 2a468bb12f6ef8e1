#include "common.h"

#include <strings.h>

static bool has(const struct hand_names *names, const char *name)
{
    for (unsigned i = 0; i < names->count; i++)
        if (strcasecmp(names->items[i], name) == 0)
            return true;
    return false;
}

static bool subset(const struct hand_names *a, const struct hand_names *b)
{
    for (unsigned i = 0; i < a->count; i++)
        if (!has(b, a->items[i]))
            return false;
    return true;
}

bool hand_names_equal(const struct hand_names *a, const struct hand_names *b)
{
    return subset(a, b) && subset(b, a);
}

void hand_names_copy(struct hand_names *to, const struct hand_names *from)
{
    to->items = from->count > 0 ? g_new(char *, from->count) : NULL;

    for (unsigned i = 0; i < from->count; i++)
        to->items[i] = g_strdup(from->items[i]);
    to->count = from->count;
}

void hand_names_free(struct hand_names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        g_free(names->items[i]);
    g_free(names->items);
}
