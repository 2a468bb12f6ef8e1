/*
 * A table of names and numbers under a mutex, by hand: what finding by key costs a C programmer.
 * See specs/stock.yaml.
 */
#ifndef BENCH_HAND_STOCK_H
#define BENCH_HAND_STOCK_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hand_stock;

struct hand_stock *hand_stock_create(void);
void hand_stock_destroy(struct hand_stock *manager);
int hand_stock_hold(struct hand_stock *manager, const char *name, uint32_t *number);
int hand_stock_release(struct hand_stock *manager, const char *name);
int hand_stock_find(struct hand_stock *manager, const char *name, uint32_t *number);

#ifdef __cplusplus
}
#endif
#endif
