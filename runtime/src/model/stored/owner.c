#include "owner.h"

#include <string.h>

#include "../../base/data/hash.h"
#include "../../base/store/memory.h"

bool owner_is_valid(const char *owner)
{
    return owner && *owner && berth_text_fits(owner, BERTH_OWNER_MAX);
}

struct reference *owner_make_reference(struct berth_manager *manager, const char *owner)
{
    size_t length = strlen(owner) + 1;
    size_t size = sizeof(struct reference) + length;
    struct reference *reference = memory_alloc(&manager->allocator, size);

    if (!reference)
        return NULL;
    reference->size = (uint16_t)size;
    memcpy(reference->owner, owner, length);
    return reference;
}

void owner_free_reference(struct berth_manager *manager, struct reference *reference)
{
    if (reference)
        memory_free(&manager->allocator, reference, reference->size);
}

/* An owner may have a reference to each of many instances, and an instance many owners. */
static uint32_t hash_reference(const struct berth_manager *manager, const struct instance *instance,
                               const char *owner)
{
    struct berth_hash hash;

    hash_start(&hash, &manager->seed);
    hash_word(&hash, (uint64_t)(uintptr_t)instance);
    hash_bytes(&hash, owner, strlen(owner), false);
    return (uint32_t)hash_end(&hash);
}

struct reference *owner_find_reference(const struct berth_manager *manager,
                                       const struct instance *instance, const char *owner)
{
    const struct stored *stored = manager_stored(manager);
    struct node *node;

    if (!stored || !stored_instance(manager, instance)->references)
        return NULL;
    node = map_first(&stored->references, hash_reference(manager, instance, owner));
    for (; node; node = map_next(node)) {
        struct reference *reference = (struct reference *)node;

        if (reference->instance == instance && strcmp(reference->owner, owner) == 0)
            return reference;
    }
    return NULL;
}

void owner_add_reference(struct berth_manager *manager, struct instance *instance,
                         struct reference *reference)
{
    struct reference **first = &stored_instance(manager, instance)->references;

    reference->instance = instance;
    reference->next = *first;
    reference->at = first;
    if (*first)
        (*first)->at = &reference->next;
    *first = reference;
    map_insert(&manager->stored->references, &manager->allocator, &reference->node,
               hash_reference(manager, instance, reference->owner));
}

void owner_remove_reference(struct berth_manager *manager, struct reference *reference)
{
    *reference->at = reference->next;
    if (reference->next)
        reference->next->at = reference->at;
    map_remove(&manager->stored->references, &reference->node);
}

void owner_clear_references(struct berth_manager *manager, struct instance *instance)
{
    struct reference *reference;

    while ((reference = stored_instance(manager, instance)->references)) {
        owner_remove_reference(manager, reference);
        owner_free_reference(manager, reference);
    }
}

/* Order */

/* Takes the smaller one of two lists' first items. Both have one. */
static struct reference *take_smaller(struct reference **one, struct reference **other)
{
    struct reference **from = strcmp((*one)->owner, (*other)->owner) < 0 ? one : other;
    struct reference *taken = *from;

    *from = taken->next;
    return taken;
}

static struct reference *merge(struct reference *one, struct reference *other)
{
    struct reference *first = NULL, **end = &first;

    while (one && other) {
        *end = take_smaller(&one, &other);
        end = &(*end)->next;
    }
    *end = one ? one : other;
    return first;
}

/* Takes the first n references of a list, and sorts them. */
static struct reference *sort_some(struct reference **list, uint32_t n)
{
    struct reference *first = *list, *left;

    if (n == 1) {
        *list = first->next;
        first->next = NULL;
        return first;
    }
    left = sort_some(list, n / 2);
    return merge(left, sort_some(list, n - n / 2));
}

void owner_sort_references(struct berth_manager *manager, struct instance *instance)
{
    struct reference **first = &stored_instance(manager, instance)->references, *list = *first;
    uint32_t n = 0;

    for (struct reference *at = list; at; at = at->next)
        n++;
    if (n > 1)
        *first = sort_some(&list, n);
    for (struct reference **at = first; *at; at = &(*at)->next)
        (*at)->at = at;
}
