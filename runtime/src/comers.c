#include "comers.h"

void comers_next(struct operation *operation, struct instance *root)
{
    struct drain *drain = operation->drain;
    struct root *to = (struct root *)root;

    if (drain->root) {
        if (drain->previous)
            drain->previous->drain->next = drain->next;
        else
            ((struct root *)drain->root)->comers = drain->next;
        if (drain->next)
            drain->next->drain->previous = drain->previous;
    }
    drain->root = root;
    if (!root)
        return;
    drain->previous = NULL;
    drain->next = to->comers;
    if (to->comers)
        to->comers->drain->previous = operation;
    to->comers = operation;
    root->awaited = true;
}

void comers_go_on(struct root *root)
{
    while (root->comers)
        comers_next(root->comers, root->instance.next);
}
