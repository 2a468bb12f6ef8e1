/*
 * What the tests of the rules have in common: each has a depot of its own, and an error to look at.
 */
#ifndef RULES_H
#define RULES_H

#include "support/depot.h"

#define TEST(name) static void name(void **unused_)
#define START(...)                                                                                 \
    struct depot depot;                                                                            \
    berth_error error;                                                                             \
    (void)unused_;                                                                                 \
    (void)error;                                                                                   \
    depot_start(&depot, __VA_ARGS__, NULL)

#endif
