/* Copies of the configs that an operation is given. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

typedef struct block {
    struct block *next;
    size_t size;
    void *memory;
} block;

struct berth_suite_loan {
    block *blocks;
    const void *const *given;
    const void *config[BERTH_SUITE_LEVELS]; /* the copies of what was given */
};

static void *lend(berth_suite_loan *loan, const void *memory, size_t size)
{
    block *copy = suite_allocate(sizeof *copy);

    *copy = (block){.next = loan->blocks, .size = size, .memory = suite_allocate(size)};
    loan->blocks = copy;
    return memcpy(copy->memory, memory, size);
}

const char *berth_suite_lend_text(berth_suite_loan *loan, const char *text)
{
    return text != NULL ? lend(loan, text, strlen(text) + 1) : NULL;
}

void berth_suite_lend_strings(berth_suite_loan *loan, berth_strings *strings)
{
    const char **items;
    uint32_t i;

    if (strings->items == NULL || strings->count == 0)
        return;
    items = lend(loan, strings->items, strings->count * sizeof *items);
    for (i = 0; i < strings->count; i++)
        items[i] = berth_suite_lend_text(loan, items[i]);
    strings->items = items;
}

void suite_buffers_begin(const berth_suite *suite, const berth_suite_function *function,
                         berth_suite_call *call)
{
    berth_suite_loan *loan;
    unsigned i;

    if (function->path == NULL)
        return;
    loan = suite_allocate(sizeof *loan);
    *loan = (berth_suite_loan){.given = call->config};
    for (i = 0; function->path[i] != 0; i++) {
        const berth_suite_resource *type = &suite->type->resources[function->path[i]];
        void *config =
            call->config[i] != NULL ? lend(loan, call->config[i], type->config_size) : NULL;

        if (config != NULL && type->lend != NULL)
            type->lend(loan, config);
        loan->config[i] = config;
    }
    call->config = loan->config;
    call->loan = loan;
}

void suite_buffers_end(berth_suite_call *call)
{
    berth_suite_loan *loan = call->loan;

    if (loan == NULL)
        return;
    call->config = loan->given;
    call->loan = NULL;
    while (loan->blocks != NULL) {
        block *copy = loan->blocks;

        loan->blocks = copy->next;
        memset(copy->memory, SUITE_SCRIBBLE, copy->size);
        free(copy->memory);
        free(copy);
    }
    free(loan);
}
