#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

struct machine *machine_make(void)
{
    struct machine *machine =
        mmap(NULL, sizeof *machine, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (machine == MAP_FAILED)
        return NULL;
    return sem_init(&machine->asked, 1, 0) == 0 ? machine : NULL;
}

static int attach(void *ctx, berth_call *call, const volumes_volume *volume)
{
    struct machine *machine = ctx;

    printf("  vm: attach %s in slot %u, epoch %llu\n", volume->name, volume->slot,
           (unsigned long long)berth_call_epoch(call));
    (void)sem_post(&machine->asked);
    (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    if (machine->attached[volume->slot])
        return -EBUSY;
    machine->attached[volume->slot] = true;
    return 0;
}

static int detach(void *ctx, berth_call *call, const volumes_volume *volume)
{
    struct machine *machine = ctx;

    printf("  vm: detach %s from slot %u, epoch %llu\n", volume->name, volume->slot,
           (unsigned long long)berth_call_epoch(call));
    machine->attached[volume->slot] = false;
    return 0;
}

/* The machine is asked synchronously, and a manager that was saved has no call left. */
static int settle(void *ctx, uint64_t epoch)
{
    (void)ctx;
    (void)epoch;
    return 0;
}

volumes_backend machine_backend(struct machine *machine)
{
    return (volumes_backend){
        .version = VOLUMES_BACKEND_VERSION,
        .ctx = machine,
        .vm = {.attach = attach, .detach = detach, .settle = settle},
    };
}
