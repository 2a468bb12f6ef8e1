#define _POSIX_C_SOURCE 200809L

#include "support/hold.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool held_up;
static int letting_go[2];

static void stand_still(int signal)
{
    char byte;

    (void)signal;
    atomic_store(&held_up, true);
    while (read(letting_go[0], &byte, 1) != 1)
        ;
}

void hold_up(const struct task *task)
{
    struct sigaction action = {.sa_handler = stand_still};

    assert_int_equal(pipe(letting_go), 0);
    atomic_store(&held_up, false);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(pthread_kill(task->thread, SIGUSR1), 0);
    while (!atomic_load(&held_up))
        (void)sched_yield();
}

int release_it(struct task *task)
{
    int rc;

    assert_int_equal(write(letting_go[1], "x", 1), 1);
    rc = task_join(task);
    close(letting_go[0]);
    close(letting_go[1]);
    return rc;
}
