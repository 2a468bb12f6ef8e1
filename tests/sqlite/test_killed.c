/* A process that is killed at any moment: what it was told is made is there. */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/fake.h"

enum { KILLS = 200, FENCED = 40 };

/* What a child has been told, for its parent. */
struct told {
    _Atomic uint64_t opened; /* epoch */
    _Atomic uint64_t made;   /* the last sequence number */
    _Atomic int ended;
};

static struct told *make_told(void)
{
    struct told *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(told != MAP_FAILED);
    return told;
}

/* Commits until it is killed. */
static void commit_forever(struct fake *fake, struct told *told)
{
    int rc = fake_open(fake);

    if (rc == 0)
        told->opened = fake->opened.epoch;
    while (rc == 0) {
        rc = fake_commit(fake);
        if (rc == 0)
            told->made = fake->sequence;
    }
    told->ended = rc;
    for (;;)
        pause();
}

static pid_t start_child(struct fake *fake, struct told *told)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        commit_forever(fake, told);
        _exit(1);
    }
    return child;
}

static void kill_child(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void sleep_ns(long ns)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* At random moments, from before the file is there on. Each life goes on after the one before. */
static void what_is_acknowledged_is_there(void **unused)
{
    struct told *told = make_told();
    struct fake fake;
    uint64_t epoch = 0, committed = 0;
    unsigned random = 7;

    (void)unused;
    fake_start(&fake, NULL);
    for (unsigned i = 0; i < KILLS; i++) {
        pid_t child = start_child(&fake, told);

        random = random * 1664525u + 1013904223u;
        if (i % 4 != 0)
            while (told->opened <= epoch && told->ended == 0)
                sleep_ns(20000);
        sleep_ns((long)(random >> 8) % 3000000);
        kill_child(child);
        assert_int_equal(told->ended, 0);
        assert_int_equal(fake_open(&fake), 0);
        if (fake.sequence != told->made && fake.sequence != told->made + 1)
            fail_msg("commit %u was acknowledged, and %u is the last one", (unsigned)told->made,
                     (unsigned)fake.sequence);
        assert_true(fake.opened.epoch > told->opened);
        fake_check(&fake);
        epoch = fake.opened.epoch;
        told->made = fake.sequence;
        committed = fake.sequence;
        fake_close(&fake);
    }
    print_message("%d kills, %u commits\n", KILLS, (unsigned)committed);
    assert_true(committed > KILLS);
    fake_stop(&fake);
    munmap(told, sizeof *told);
}

/* The other process goes on committing while this one takes the store. */
static void process_that_is_fenced_writes_nothing(void **unused)
{
    struct told *told = make_told();
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    for (unsigned i = 0; i < FENCED; i++) {
        uint64_t epoch = told->opened;
        pid_t child = start_child(&fake, told);

        while (told->opened == epoch && told->ended == 0)
            sleep_ns(20000);
        sleep_ns(1000000);
        assert_int_equal(fake_open(&fake), 0);
        assert_true(fake.opened.epoch == told->opened + 1);
        while (told->ended == 0)
            sleep_ns(20000);
        assert_int_equal(told->ended, -ESTALE);
        assert_int_equal(told->made, fake.sequence);
        fake_check(&fake);
        fake_commit_to(&fake, fake.sequence + 3);
        kill_child(child);
        fake_check(&fake);
        told->ended = 0;
        told->made = fake.sequence;
        fake_close(&fake);
    }
    fake_stop(&fake);
    munmap(told, sizeof *told);
}

/* Two processes make the file at the same time. */
static void two_that_begin_at_once_have_one_file(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < FENCED; i++) {
        struct told *told = make_told();
        struct fake fake;
        pid_t child;

        fake_start(&fake, NULL);
        child = start_child(&fake, told);
        assert_int_equal(fake_open(&fake), 0);
        while (told->opened == 0 && told->ended == 0)
            sleep_ns(20000);
        assert_true(told->opened != fake.opened.epoch);
        assert_true(told->opened + fake.opened.epoch == 3);
        kill_child(child);
        fake_stop(&fake);
        munmap(told, sizeof *told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_acknowledged_is_there),
        cmocka_unit_test(process_that_is_fenced_writes_nothing),
        cmocka_unit_test(two_that_begin_at_once_have_one_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
