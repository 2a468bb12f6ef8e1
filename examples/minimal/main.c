/*
 * The smallest program around a manager: two containers want the same tap; the host is asked once,
 * and once more at the end.
 */
#include <stdio.h>

#include "net.h"

static int host_open(void *ctx, berth_call *call, const net_tap *tap)
{
    (void)ctx;
    (void)call;
    printf("host: create %s\n", tap->name);
    return 0;
}

static int host_close(void *ctx, berth_call *call, const net_tap *tap)
{
    (void)ctx;
    (void)call;
    printf("host: delete %s\n", tap->name);
    return 0;
}

int main(void)
{
    const net_backend backend = {.version = NET_BACKEND_VERSION,
                                 .host = {.open = host_open, .close = host_close}};
    const net_tap_config config = {.name = "tap0"};
    net *taps;
    uuid_t first;
    uuid_t second;

    if (net_create(NULL, &backend, NULL, &taps, NULL) < 0)
        return 1;
    int failed = net_reserve(taps, &config, first, NULL) < 0 || net_open(taps, first, NULL) < 0;
    printf("first has it\n");
    failed |= net_reserve(taps, &config, second, NULL) < 0 || net_open(taps, second, NULL) < 0;
    printf("second has it too\n");
    failed |= net_release(taps, first, NULL) < 0;
    printf("first is gone\n");
    failed |= net_release(taps, second, NULL) < 0;
    printf("second is gone\n");
    failed |= net_destroy(taps, NULL) < 0; /* -EBUSY if anything were still held */
    return failed;
}
