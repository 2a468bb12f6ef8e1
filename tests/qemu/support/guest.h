/* A guest that runs: booted once, saved, and restored for each test. */
#ifndef QEMU_TESTS_GUEST_H
#define QEMU_TESTS_GUEST_H

#include <stdbool.h>

#include "berth_qemu.h"
#include "machine.h"

enum { GUEST_REQUEST_MS = 5000, GUEST_START_MS = 60000 };

struct guest {
    struct machine machine;
    berth_qemu *vm;
    char folder[64]; /* for sockets and images */
};

/* Of a group: boots a guest and saves it, unless that was done for this image. */
int guest_prepare(void **state);

/* Of a test: boots a guest whose devices are taken away by its own pciehp. */
int guest_setup_native(void **state);

/* Of a test: restores the guest; *state is a struct guest. The teardown fails the test if QEMU or
 * the guest hold anything. */
int guest_setup(void **state);
int guest_teardown(void **state);

/* Path of a file of this test: valid until the next call but seven. */
const char *guest_file(const struct guest *guest, const char *name);

/* An image with a file system on its one partition. */
const char *guest_disk(const struct guest *guest, const char *name);

/* The answer of the guest, or of QMP, has this text in it; the request must succeed. */
bool guest_says(const struct guest *guest, const char *request, const char *text);
bool guest_qmp_says(const struct guest *guest, const char *request, const char *text);

/* A deadline so many milliseconds from now. */
int64_t guest_within(int ms);

/* The text of the error of a request to the guest; "": it succeeded. Static memory. */
const char *guest_error(const struct guest *guest, const char *request);

#endif
