#include "owner.h"

#include <string.h>

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

struct reference *owner_find_reference(const struct berth_manager *manager,
                                       const struct instance *instance, const char *owner)
{
    struct reference *reference = stored_instance(manager, instance)->references;

    while (reference && strcmp(reference->owner, owner) != 0)
        reference = reference->next;
    return reference;
}

void owner_add_reference(struct berth_manager *manager, struct instance *instance,
                         struct reference *reference)
{
    struct reference **at = &stored_instance(manager, instance)->references;

    while (*at && strcmp((*at)->owner, reference->owner) < 0)
        at = &(*at)->next;
    reference->next = *at;
    *at = reference;
}

void owner_remove_reference(struct berth_manager *manager, struct instance *instance,
                            struct reference *reference)
{
    struct reference **at = &stored_instance(manager, instance)->references;

    while (*at != reference)
        at = &(*at)->next;
    *at = reference->next;
}

void owner_clear_references(struct berth_manager *manager, struct instance *instance)
{
    struct reference **first = &stored_instance(manager, instance)->references;

    while (*first) {
        struct reference *reference = *first;

        *first = reference->next;
        owner_free_reference(manager, reference);
    }
}
