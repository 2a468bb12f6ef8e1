#include "print.h"

#include <stdio.h>

static void print_fault(const struct fault *fault)
{
    (void)printf("found %u %u %u %u %u %u %u %u %u", fault->finding, fault->sentence,
                 fault->place.resource, fault->place.state, fault->place.event, fault->place.shown,
                 fault->place.row, fault->place.op, fault->place.step);
    for (unsigned i = 0; i < FAULT_ARGUMENTS; i++)
        (void)printf(" %llu", (unsigned long long)fault->arguments[i]);
}

static void print_request(const struct request *request)
{
    const struct move *move = &request->move;

    (void)printf(" %u %u %u %u %u %u", move->who, move->part, move->op, move->by, move->thing,
                 move->n_config);
    for (unsigned i = 0; i < move->n_config; i++)
        (void)printf(" %u", move->choice[i]);
    (void)printf(" %u %u", request->n_there, request->n_chosen);
    for (unsigned i = 0; i < request->n_chosen; i++)
        (void)printf(" %u", request->chosen[i]);
    (void)printf(" %u %u %u", request->clean, request->commits, request->late);
}

/* The requests that lead to a state, root first. */
static void print_trail(uint32_t node)
{
    struct request request;

    if (trail_nodes[node].step == 0)
        return;
    print_trail(trail_nodes[node].from);
    request = trail_last(node);
    print_request(&request);
}

static void print_found(const struct fault *fault, uint32_t node, const struct request *requests,
                        unsigned n)
{
    print_fault(fault);
    (void)printf(" %u", trail_length(node) + n);
    print_trail(node);
    for (unsigned i = 0; i < n; i++)
        print_request(&requests[i]);
    (void)putchar('\n');
}

static void print_progress(uint32_t states, size_t waiting, uint64_t transitions)
{
    (void)printf("progress %u %zu %llu\n", states, waiting, (unsigned long long)transitions);
    (void)fflush(stdout);
}

static void print_rows(const char *word, bool (*taken)[ROWS_OUTCOMES], unsigned n)
{
    (void)fputs(word, stdout);
    for (unsigned i = 1; i <= n; i++)
        for (unsigned j = 0; j < ROWS_OUTCOMES; j++)
            if (taken[i][j])
                (void)printf(" %u.%u", i, j);
    (void)putchar('\n');
}

static void print_numbers(const char *word, const bool *which)
{
    (void)fputs(word, stdout);
    for (unsigned i = 1; i <= UINT8_MAX; i++)
        if (which[i])
            (void)printf(" %u", i);
    (void)putchar('\n');
}
