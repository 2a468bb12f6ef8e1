/*
 * A QEMU without a guest, with an agent that a script plays: what the suites need that no guest
 * runs for. A machine serves all tests of a suite, until one of them leaves it unusable.
 */
#ifndef QEMU_TESTS_BARE_H
#define QEMU_TESTS_BARE_H

#include <berth/berth.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "berth_qemu.h"
#include "machine.h"
#include "support/peer.h"

/* How long a caller waits for what never comes; and where other requests come first, which a
 * machine with much to do answers late. */
enum { BARE_REQUEST_MS = 5000, BARE_PATIENCE_MS = 150, BARE_LONG_PATIENCE_MS = 600 };

struct bare {
    struct machine machine;
    berth_qemu_options options;
    berth_qemu *vm;
    struct peer *agent;
    char folder[48], agent_path[96];
    atomic_uint lost;  /* how often the program was told */
    atomic_bool spent; /* the next test needs another machine */
};

/* What the last hook call of a manager ended with. For berth_config.trace; ctx is a struct seen. */
struct seen {
    char hook[32];
    berth_outcome outcome;
    int error;
};
void seen_trace(void *ctx, const berth_transition *transition);

/*
 * Runs a suite; each test gets a struct bare, connected, and must leave QEMU with nothing. Where
 * there is no QEMU, all tests are skipped.
 */
#define bare_run(tests) bare_run_tests(#tests, tests, sizeof(tests) / sizeof *(tests))
int bare_run_tests(const char *name, struct CMUnitTest *tests, size_t count);

/* Connects with bare->options, once the test has changed them. */
void bare_open_again(struct bare *bare);

/* Kills the machine, and connects to another one. */
void bare_restart(struct bare *bare);

/* Of a QEMU that cannot be asked any more: the end, and that the test needs no more from it. */
void bare_kill(struct bare *bare);

/* Path of a file in the machine's folder: valid until the next call but seven. */
const char *bare_file(const struct bare *bare, const char *name);

/* An image of a megabyte, of zeros. */
const char *bare_image(const struct bare *bare, const char *name);

/* A request to QMP that must succeed: its answer, to be freed; whether a text is in it. */
char *bare_ask(const struct bare *bare, const char *request);
bool bare_says(const struct bare *bare, const char *request, const char *text);

/* What QEMU has, that was not there from its start. */
unsigned bare_nodes(const struct bare *bare);
unsigned bare_devices(const struct bare *bare);
unsigned bare_channels(const struct bare *bare);
bool bare_has_device(const struct bare *bare, const char *device);
void bare_holds_nothing(const struct bare *bare);

/* A deadline so many milliseconds from now; a pause. */
int64_t bare_within(int ms);
void bare_sleep(int ms);

/* Waits, seconds at most, until it is so. */
#define bare_wait_until(condition)                                                                 \
    do {                                                                                           \
        for (int waited_ = 0; !(condition); waited_++) {                                           \
            assert_true(waited_ < 2000);                                                           \
            bare_sleep(5);                                                                         \
        }                                                                                          \
    } while (0)

/* Descriptors that this process has. */
unsigned bare_descriptors(void);

#endif
