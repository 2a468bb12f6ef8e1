/* Disks of a QEMU without a guest: what is refused, what is left over, what is there already. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/disks.h"

static void test_cycles_leave_nothing(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);

    for (int i = 0; i < 20; i++) {
        uuid_t a;

        disks_reserve(disks, bare_image(bare, "disk"), a);
        assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
        assert_int_equal(disks_state(disks), SCSI_DISK_STATE_ATTACHED);
        assert_int_equal(bare_nodes(bare), 1);
        assert_true(bare_has_device(bare, "disk-0-0"));
        assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
        bare_holds_nothing(bare);
    }
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 0);
    disks_close(disks);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycles_leave_nothing),
    };

    return bare_run(tests);
}
