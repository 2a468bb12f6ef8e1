/* The hooks of the manager: bridges and ports of the network namespace of the calling thread. */
#ifndef NETNS_HOST_H
#define NETNS_HOST_H

#include "netns.h"

/* The hooks keep nothing of their own. The kernel knows what there is. */
extern const netns_backend host_backend;

#endif
