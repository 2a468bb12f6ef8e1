/* The smallest program around a manager: two containers want the same tap; the host is asked once, and once more at the end. */
#include <stdio.h>

#include "tap.h"

static int host_open(void *ctx, berth_call *call, const tap_tap *tap)
{
    (void)ctx;
    (void)call;
    printf("host: create %s\n", tap->name);
    return 0;
}

static int host_close(void *ctx, berth_call *call, const tap_tap *tap)
{
    (void)ctx;
    (void)call;
    printf("host: delete %s\n", tap->name);
    return 0;
}

int main(void)
{
    const tap_backend backend = {.version = TAP_BACKEND_VERSION, .host = {.open = host_open, .close = host_close}};
    const tap_tap_config config = {.name = "tap0"};
    tap *taps;
    uuid_t first;
    uuid_t second;

    if (tap_create(NULL, &backend, NULL, &taps) < 0)
        return 1;
    int failed = tap_reserve(taps, &config, first, NULL) < 0 || tap_open(taps, first, NULL) < 0;
    printf("first has it\n");
    failed |= tap_reserve(taps, &config, second, NULL) < 0 || tap_open(taps, second, NULL) < 0;
    printf("second has it too\n");
    failed |= tap_release(taps, first, NULL) < 0;
    printf("first is gone\n");
    failed |= tap_release(taps, second, NULL) < 0;
    printf("second is gone\n");
    failed |= tap_destroy(taps) < 0; /* -EBUSY if anything were still held */
    return failed;
}
