/* What the program writes on standard output for berthc: one line each, its kind first. */
#ifndef BERTH_EXPLORE_PRINT_H
#define BERTH_EXPLORE_PRINT_H

#include "findings/fault.h"
#include "state/rows.h"
#include "trail.h"

/* A fault, with the way to a state and the `n` requests that come then. */
static void print_found(const struct fault *fault, uint32_t node, const struct request *requests,
                        unsigned n);

/* How many states there are, and how many of them wait. */
static void print_progress(uint32_t states, size_t waiting, uint64_t transitions);

/* The rows of `taken` with their outcomes, of `n` rows. */
static void print_rows(const char *word, bool (*taken)[ROWS_OUTCOMES], unsigned n);

/* The numbers, from 1 on, that are set. */
static void print_numbers(const char *word, const bool *which);

#endif
