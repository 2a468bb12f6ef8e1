/* A host with network taps. It outlives the processes that ask it. */
#ifndef HOST_H
#define HOST_H

#include "taps.h"

enum { HOST_TAPS = 2 };

struct host {
    bool has[HOST_TAPS];
    const char *deadly; /* "add tap1": after this effect the process is killed; "": never */
};

/* A host in memory that children share; NULL: there is none to be had. */
struct host *host_make(void);

/* The hooks; `ctx` is the host. */
taps_backend host_backend(struct host *host);

#endif
