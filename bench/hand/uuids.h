/* The two sources of UUIDs that the hand-written managers are measured with. */
#ifndef BENCH_HAND_UUIDS_H
#define BENCH_HAND_UUIDS_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* uuid_generate_random() of libuuid. */
extern const struct hand_uuids hand_libuuid;

/*
 * The runtime's pool of random bytes. Not for several threads at a time, as all managers call it
 * under their mutex.
 */
struct hand_uuids hand_pool_make(void);
void hand_pool_free(struct hand_uuids uuids);

#ifdef __cplusplus
}
#endif
#endif
