/* How much memory this process has. */
#ifndef BERTH_EXPLORE_USAGE_H
#define BERTH_EXPLORE_USAGE_H

#include <stddef.h>

/* Bytes; 0 where the system does not tell. */
static size_t usage_memory(void);

#endif
