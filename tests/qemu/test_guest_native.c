/* Devices that a guest takes away by itself, which takes it seconds. */
#define _GNU_SOURCE

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "berth_qemu_pci_ports.h"
#include "support/guest.h"

enum { PATIENCE_MS = 300, TRIES = 200 };

static int note_state(void *arg, const pci_ports_item *item)
{
    *(unsigned *)arg = item->state;
    return 0;
}

static unsigned state_of(pci_ports *devices)
{
    unsigned found = 0;

    assert_int_equal(pci_ports_for_each(devices, note_state, &found), 0);
    return found;
}

/*
 * The first try takes longer than its caller waits. While the guest is at work, QEMU refuses to
 * begin a second time: "guest is busy", which has failed and is tried again, or "already in the
 * process of unplug", which waits for the end of the first.
 */
static void test_a_second_try_waits_for_the_first(void **state)
{
    struct guest *guest = *state;
    const pci_ports_backend backend = berth_qemu_pci_ports(guest->vm);
    pci_ports_device_config device = PCI_PORTS_DEVICE_CONFIG_DEFAULT;
    pci_ports *devices;
    uuid_t a;
    int rc = -EBUSY;

    assert_int_equal(pci_ports_create(NULL, &backend, NULL, &devices, NULL), 0);
    device.host = "json:{\"driver\":\"virtio-rng-pci\"}";
    assert_int_equal(pci_ports_reserve(devices, &device, a, NULL), 0);
    assert_int_equal(pci_ports_add_to_vm(devices, a, NULL), 0);
    assert_int_equal(pci_ports_remove_from_vm_until(devices, a, guest_within(PATIENCE_MS), NULL),
                     -ETIMEDOUT);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_SUSPECT);
    for (int tries = 0; rc != 0 && tries < TRIES; tries++) {
        rc = pci_ports_remove_from_vm(devices, a, NULL);
        assert_true(rc == 0 || rc == -EBUSY || rc == -ETIMEDOUT);
        if (rc != 0)
            assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_SUSPECT);
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(pci_ports_destroy(devices, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_second_try_waits_for_the_first, guest_setup_native,
                                        guest_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
