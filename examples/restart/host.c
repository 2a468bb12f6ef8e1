#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "host.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct host *host_make(void)
{
    void *memory =
        mmap(NULL, sizeof(struct host), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* Changes what the host has. Afterwards the process may be killed: then nobody gets the answer. */
static int change(struct host *host, const char *verb, const taps_tap *tap, bool to)
{
    bool *has = &host->has[(unsigned char)tap->name[3] % HOST_TAPS]; /* "tap1" */
    char call[40];

    (void)snprintf(call, sizeof call, "%s %s", verb, tap->name);
    printf("  host: %s%s\n", call, *has == to ? ": so it is already" : "");
    *has = to;
    if (strcmp(call, host->deadly) == 0)
        (void)raise(SIGKILL);
    return 0;
}

static int add_tap(void *ctx, berth_call *call, const taps_tap *tap)
{
    (void)call;
    return change(ctx, "add", tap, true);
}

static int remove_tap(void *ctx, berth_call *call, const taps_tap *tap)
{
    (void)call;
    return change(ctx, "remove", tap, false);
}

/* The host is asked synchronously, on the same machine. So no call is late. */
static int settle(void *ctx, uint64_t epoch)
{
    (void)ctx;
    printf("  host: settle, epoch %llu\n", (unsigned long long)epoch);
    return 0;
}

taps_backend host_backend(struct host *host)
{
    return (taps_backend){
        .version = TAPS_BACKEND_VERSION,
        .ctx = host,
        .host = {.add = add_tap, .remove = remove_tap, .settle = settle},
    };
}
