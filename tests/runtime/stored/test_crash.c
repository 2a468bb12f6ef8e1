/*
 * The process dies at every commit of a script, with the commit made or lost, and again in every
 * commit of the recovery. Each time everything can be let go of, and nothing is left anywhere.
 */
#include "hall.h"

enum { MOST_COMMITS = 60 };

/* What a script has by now. */
struct script {
    uuid_t a, b, c;
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
};

typedef int step(struct depot_of_halls *halls, struct script *script);

static int rent_a(struct depot_of_halls *halls, struct script *script)
{
    return rent(halls, "a", 1, script->a, "ann");
}

static int use_a(struct depot_of_halls *halls, struct script *script)
{
    return use(halls, script->a);
}

static int rent_b(struct depot_of_halls *halls, struct script *script)
{
    return rent(halls, "a", 2, script->b, "bob");
}

static int use_b(struct depot_of_halls *halls, struct script *script)
{
    return use(halls, script->b);
}

static int add_c(struct depot_of_halls *halls, struct script *script)
{
    return add(halls, "c", "cyd", script->number);
}

static int add_again(struct depot_of_halls *halls, struct script *script)
{
    return add(halls, "c", "dan", script->number);
}

static int give_back_a(struct depot_of_halls *halls, struct script *script)
{
    return give_back(halls, script->a);
}

static int drop_c(struct depot_of_halls *halls, struct script *script)
{
    return drop(halls, script->number, "cyd");
}

static int rent_c(struct depot_of_halls *halls, struct script *script)
{
    return rent(halls, "c", 3, script->c, "cyd");
}

static int drain_all(struct depot_of_halls *halls, struct script *script)
{
    (void)script;
    return drain(halls);
}

static step *const steps[] = {rent_a,    use_a,       rent_b, use_b,  add_c,
                              add_again, give_back_a, drop_c, rent_c, drain_all};

/* Runs the steps until the process dies. False: it has not died. */
static bool run_script(struct depot_of_halls *halls)
{
    struct script script = {{0}, {0}, {0}, ""};

    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i](halls, &script) == -EOWNERDEAD)
            return true;
    return false;
}

/* Loading again finds the same. */
static void check_loads_the_same(struct depot_of_halls *halls)
{
    char before[STATE_SIZE];

    strcpy(before, halls_state(halls));
    halls_kill(halls);
    assert_string_equal(halls_state(halls), before);
}

/* The process dies at commit `at` of the script, and at commit `again` of the recovery. */
static bool crash(unsigned at, berth_fault fault, unsigned again, unsigned fail_at, bool late)
{
    struct depot_of_halls halls;
    bool died, more = false;

    halls_start(&halls);
    halls.hall.fail_at = fail_at;
    halls.hall.outcome = BERTH_UNCERTAIN(-EIO);
    halls.hall.takes_effect = late;
    halls.store.at = at;
    halls.store.fault = fault;
    died = run_script(&halls);
    if (died) {
        halls_reopen(&halls);
        check_loads_the_same(&halls);
        halls.store.at = again;
        halls.store.fault = fault;
        halls.store.n_commits = 0;
        if (halls_recover(&halls) == -EOWNERDEAD) {
            more = true;
            halls_reopen(&halls);
            check_loads_the_same(&halls);
        }
    }
    halls_stop(&halls);
    return again > 0 ? more : died;
}

static void dies_everywhere(berth_fault fault, unsigned fail_at, bool late)
{
    unsigned at = 1;

    while (crash(at, fault, 0, fail_at, late)) {
        for (unsigned again = 1; crash(at, fault, again, fail_at, late); again++)
            ;
        at++;
        assert_true(at < MOST_COMMITS);
    }
    assert_true(at > 10);
}

static void commit_is_made(void **unused)
{
    (void)unused;
    dies_everywhere(BERTH_FAULT_DIE, 0, false);
}

static void commit_is_lost(void **unused)
{
    (void)unused;
    dies_everywhere(BERTH_FAULT_LOSE, 0, false);
}

static void calls_are_uncertain_too(void **unused)
{
    (void)unused;
    for (unsigned call = 1; call <= 8; call++) {
        dies_everywhere(BERTH_FAULT_DIE, call, false);
        dies_everywhere(BERTH_FAULT_DIE, call, true);
    }
}

/* The same, when each commit is made by another thread. */
static void commits_are_pending(void **unused)
{
    (void)unused;
    for (unsigned at = 1; at < 30; at++) {
        struct depot_of_halls halls;

        halls_start(&halls);
        halls.store.pends = true;
        halls.store.at = at;
        halls.store.fault = BERTH_FAULT_DIE;
        if (run_script(&halls))
            halls_reopen(&halls);
        halls_stop(&halls);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_is_made),
        cmocka_unit_test(commit_is_lost),
        cmocka_unit_test(calls_are_uncertain_too),
        cmocka_unit_test(commits_are_pending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
