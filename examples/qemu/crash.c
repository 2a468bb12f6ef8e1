#define _GNU_SOURCE

#include "crash.h"

#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <berth/berth.h>

#include "disk.h"
#include "life.h"
#include "machine.h"
#include "rows.h"

enum {
    BOOT_MS = 60000,
    LONGEST_MS = 900, /* that a life has until it is killed */
    STORY_MS = 2000,  /* the same of the one in the story */
    PAUSE_MS = 30,    /* that a caller keeps its disk, at most */
    STORY_PAUSE_MS = 900,
    FREEZE_MS = 150, /* that QEMU is frozen before and after some kills */
    HOOKS = 8
};

struct crash {
    const char *image, *state;
    unsigned kills, seed, random;
    bool tells, no_store, no_probes;
    struct machine machine;
    char folder[64], file[96];
    struct tally *tally;
    /* Calls that a kill has cut short, by hook. */
    struct {
        char name[32];
        unsigned count;
    } hooks[HOOKS];
    unsigned killed, frozen; /* lives; those of them while QEMU was frozen */
    bool is_frozen;
};

static unsigned random_below(struct crash *crash, unsigned bound)
{
    crash->random = crash->random * 1664525u + 1013904223u;
    return (crash->random >> 8) % bound;
}

static void pause_ms(unsigned ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&time, NULL);
}

static int failed(const char *what, int rc)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(-rc));
    return rc;
}

/* The machine */

static int make_disks(const struct crash *crash)
{
    char path[128], text[64];
    int rc = 0;

    for (unsigned i = 0; i < LIFE_DISKS && rc == 0; i++) {
        life_image(crash->folder, i, path, sizeof path);
        life_text(i, text, sizeof text);
        rc = disk_make(path, text);
    }
    return rc;
}

/* This process asks QEMU and the guest only while no life does: the monitor has one client. */
static int ask_connect(const struct crash *crash, berth_qemu **vm)
{
    const berth_qemu_options options = machine_options();

    return berth_qemu_open(crash->machine.qmp, crash->machine.agent, &options, vm);
}

static int start_machine(struct crash *crash)
{
    const struct machine_config config = {
        .image = crash->image, .folder = crash->folder, .state = crash->state};
    berth_qemu *vm;
    int rc = machine_start(&crash->machine, &config);

    if (rc != 0)
        return failed("qemu-system-x86_64", rc);
    rc = ask_connect(crash, &vm);
    if (rc == 0 && crash->state)
        rc = machine_resume_restored(vm);
    if (rc == 0)
        rc = berth_qemu_wait_agent(vm, BOOT_MS);
    berth_qemu_close(vm);
    return rc == 0 ? 0 : failed("the guest", rc);
}

/* One question, and whether its answer has a text in it. */
static bool answers(berth_qemu *vm, bool agent, const char *request, const char *text, bool wanted)
{
    char *answer = NULL;
    int rc = berth_qemu_ask(vm, agent, request, &answer);
    bool is = rc == 0 && (strstr(answer, text) != NULL) == wanted;

    if (!is)
        (void)printf("left behind: %s: %.400s\n", request, answer ? answer : strerror(-rc));
    free(answer);
    return is;
}

/* Asks QEMU and the guest, and nobody's memory. */
static bool holds_nothing(const struct crash *crash)
{
    static const struct {
        bool agent;
        const char *request, *text;
        bool wanted;
    } questions[] = {
        {false, "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}",
         "disk-", false},
        {false, "{\"execute\":\"query-block\"}", "[]", true},
        {false, "{\"execute\":\"query-named-block-nodes\"}", "[]", true},
        {true, "{\"do\":\"list\"}", "\"mounts\":[]", true},
        {true, "{\"do\":\"list\"}", "\"disks\":[]", true},
    };
    berth_qemu *vm;
    bool nothing = true;
    int rc = ask_connect(crash, &vm);

    if (rc != 0)
        return failed("QMP", rc) == 0;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        nothing = answers(vm, questions[i].agent, questions[i].request, questions[i].text,
                          questions[i].wanted) &&
                  nothing;
    berth_qemu_close(vm);
    return nothing;
}

/* Lives */

/* Begins a process of its own, which ends with this one. Nothing is open here then. */
static pid_t fork_life(const struct crash *crash, unsigned number, unsigned rounds)
{
    const struct life_config config = {.folder = crash->folder,
                                       .seed = crash->seed * 1000 + number,
                                       .rounds = rounds,
                                       .no_probes = crash->no_probes,
                                       .pause_ms = crash->tells ? STORY_PAUSE_MS : PAUSE_MS,
                                       .tells = crash->tells};
    const pid_t parent = getpid();
    pid_t life;

    (void)fflush(stdout);
    life = fork();
    if (life == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        exit(life_run(&config, crash->tally) == 0 ? 0 : 1);
    }
    return life;
}

/* If QEMU is frozen, the life begins to connect first. */
static pid_t begin_life(struct crash *crash, unsigned number, unsigned rounds)
{
    pid_t life = fork_life(crash, number, rounds);

    if (crash->is_frozen) {
        pause_ms(random_below(crash, FREEZE_MS));
        machine_thaw(&crash->machine);
    }
    crash->is_frozen = false;
    return life;
}

static int end_of(pid_t life)
{
    int status = -1;

    while (life > 0 && waitpid(life, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void count_hook(void *ctx, const char *name)
{
    struct crash *crash = ctx;
    unsigned i = 0;

    while (i < HOOKS - 1 && crash->hooks[i].count > 0 && strcmp(crash->hooks[i].name, name) != 0)
        i++;
    (void)snprintf(crash->hooks[i].name, sizeof crash->hooks[i].name, "%s", name);
    crash->hooks[i].count++;
}

static void remove_files(const struct crash *crash, const char *const *names, size_t n)
{
    char path[128];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", crash->folder, names[i]);
        (void)unlink(path);
    }
}

static void lose_store(const struct crash *crash)
{
    static const char *const files[] = {"disks.db", "disks.db-wal", "disks.db-shm"};

    remove_files(crash, files, sizeof files / sizeof *files);
}

static void note_call(void *ctx, const char *name)
{
    (void)name;
    *(bool *)ctx = true;
}

/* The story is about a call that is cut short, so it waits for one. */
static void wait_for_call(const struct crash *crash)
{
    bool calls = false;

    for (int i = 0; i < STORY_MS && !calls; i++) {
        pause_ms(1);
        (void)rows_intents(crash->file, note_call, &calls);
    }
}

/*
 * A life that is killed. Before some kills QEMU is frozen: what the life had sent waits in a socket
 * then, and may take effect later.
 */
static bool kill_life(struct crash *crash, unsigned number, unsigned ms, bool freezes)
{
    pid_t life = begin_life(crash, number, 0);
    int status;

    pause_ms(ms);
    if (crash->tells)
        wait_for_call(crash);
    if (freezes) {
        machine_freeze(&crash->machine);
        crash->is_frozen = true;
        crash->frozen++;
        pause_ms(random_below(crash, FREEZE_MS));
    }
    if (life > 0)
        (void)kill(life, SIGKILL);
    status = end_of(life);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        (void)printf("life %u has ended by itself, with status %#x\n", number, (unsigned)status);
        return false;
    }
    crash->killed++;
    if (atomic_load(&crash->tally->failed) > 0) {
        (void)printf("a caller of life %u has given up\n", number);
        return false;
    }
    (void)rows_intents(crash->file, count_hook, crash); /* there may be no file yet */
    if (crash->no_store)
        lose_store(crash);
    return true;
}

/* A life that ends as it should: each caller goes on, uses one more disk, and gives all back. */
static bool last_life(struct crash *crash, unsigned number)
{
    int status = end_of(begin_life(crash, number, 1));

    if (status != 0)
        (void)printf("life %u has ended with status %#x\n", number, (unsigned)status);
    return status == 0;
}

/* Many kills, and the story of one */

static void print_tally(const struct crash *crash, double seconds)
{
    const struct tally *tally = crash->tally;

    (void)printf("%u kills in %.1f s, %u of them while QEMU was frozen\n", crash->killed, seconds,
                 crash->frozen);
    (void)printf("disks mapped: %u, and %u more by reservations of an earlier life\n",
                 atomic_load(&tally->mapped), atomic_load(&tally->again));
    (void)printf("reservations of an earlier life that were given back: %u\n",
                 atomic_load(&tally->finished));
    (void)printf("calls that were cut short:");
    for (unsigned i = 0; i < HOOKS && crash->hooks[i].count > 0; i++)
        (void)printf(" %s %u", crash->hooks[i].name, crash->hooks[i].count);
    (void)printf("\n");
}

static bool kill_many(struct crash *crash)
{
    const int64_t began = berth_now();
    bool good = true;

    (void)printf("seed=%u\n", crash->seed);
    for (unsigned i = 1; i <= crash->kills && good; i++) {
        unsigned ms = random_below(crash, LONGEST_MS);

        good = kill_life(crash, i, ms, random_below(crash, 4) == 0);
    }
    good = good && last_life(crash, crash->kills + 1);
    print_tally(crash, (double)(berth_now() - began) / 1e9);
    return good;
}

static bool show_rows(const struct crash *crash)
{
    (void)printf("  the file of the store has:\n");
    return rows_print(crash->file) == 0;
}

/* Prints the texts of an array that begin with `prefix`: its members are texts, or have names. */
static void show_names(struct json_object *array, const char *prefix)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        const char *name;

        if (json_object_is_type(item, json_type_object))
            (void)json_object_object_get_ex(item, "name", &item);
        name = json_object_get_string(item);
        if (strncmp(name, prefix, strlen(prefix)) == 0)
            (void)printf("    %s\n", name);
    }
}

static bool show_answer(berth_qemu *vm, bool agent, const char *request, const char *member,
                        const char *prefix)
{
    char *answer = NULL;
    struct json_object *parsed, *array;
    bool good = berth_qemu_ask(vm, agent, request, &answer) == 0;

    parsed = good ? json_tokener_parse(answer) : NULL;
    array = parsed;
    if (parsed && member)
        (void)json_object_object_get_ex(parsed, member, &array);
    if (json_object_is_type(array, json_type_array))
        show_names(array, prefix);
    else
        good = false;
    json_object_put(parsed);
    free(answer);
    return good;
}

/* What is there, whatever the file says. */
static bool show_machine(const struct crash *crash)
{
    berth_qemu *vm;
    bool good = ask_connect(crash, &vm) == 0;

    (void)printf("  QEMU and the guest have:\n");
    good =
        good &&
        show_answer(vm, false,
                    "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}",
                    NULL, "disk-") &&
        show_answer(vm, true, "{\"do\":\"list\"}", "mounts", "/");
    berth_qemu_close(vm);
    return good;
}

static bool tell_story(struct crash *crash)
{
    bool good;

    (void)printf("A virtual machine runs. A program maps disks for four callers.\n");
    good = kill_life(crash, 1, STORY_MS, false);
    (void)printf("\nThe program is killed with SIGKILL. The machine runs on.\n");
    good = good && show_rows(crash) && show_machine(crash);
    (void)printf("\nThe program starts again. It asks what there is, and each caller goes on.\n");
    (void)printf("An open intent is a call without an outcome. The next use asks the machine.\n");
    good = good && last_life(crash, 2);
    (void)printf("\nThe program ends.\n");
    return good && show_rows(crash);
}

/* Beginning and end */

/* What the guest's kernel has said, and QEMU. */
static void print_logs(const struct crash *crash)
{
    static const char *const files[] = {"serial.txt", "qemu.txt"};
    char line[256];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *file;

        (void)snprintf(line, sizeof line, "%s/%s", crash->folder, files[i]);
        file = fopen(line, "re");
        while (file && fgets(line, sizeof line, file))
            (void)printf("%s: %s", files[i], line);
        if (file)
            (void)fclose(file);
    }
}

static void clean_up(struct crash *crash)
{
    static const char *const files[] = {"qmp.sock", "agent.sock", "serial.txt", "qemu.txt"};
    char path[128];

    machine_end(&crash->machine);
    for (unsigned i = 0; i < LIFE_DISKS; i++) {
        life_image(crash->folder, i, path, sizeof path);
        (void)unlink(path);
    }
    lose_store(crash);
    remove_files(crash, files, sizeof files / sizeof *files);
    (void)rmdir(crash->folder);
}

static bool run(struct crash *crash)
{
    bool good;

    if (!mkdtemp(crash->folder))
        return failed(crash->folder, -errno) == 0;
    (void)snprintf(crash->file, sizeof crash->file, "%s/disks.db", crash->folder);
    good = make_disks(crash) == 0 && start_machine(crash) == 0;
    if (good) {
        good = crash->tells ? tell_story(crash) : kill_many(crash);
        machine_thaw(&crash->machine);
        good = holds_nothing(crash) && good;
        (void)printf("%s\n", good ? "QEMU and the guest hold nothing." : "It has failed.");
        if (!good)
            print_logs(crash);
    }
    clean_up(crash);
    return good;
}

static bool read_argument(struct crash *crash, const char *argument)
{
    if (strncmp(argument, "kills=", 6) == 0)
        crash->kills = (unsigned)strtoul(argument + 6, NULL, 10);
    else if (strncmp(argument, "seed=", 5) == 0)
        crash->seed = (unsigned)strtoul(argument + 5, NULL, 10);
    else if (strncmp(argument, "state=", 6) == 0)
        crash->state = argument + 6;
    else if (strcmp(argument, "without=store") == 0)
        crash->no_store = true;
    else if (strcmp(argument, "without=probes") == 0)
        crash->no_probes = true;
    else
        return false;
    return true;
}

int crash_main(int argc, char **argv)
{
    struct crash crash = {.folder = "/tmp/berth-crash-XXXXXX", .seed = 1};

    for (int i = 1; i < argc; i++)
        if (!read_argument(&crash, argv[i]))
            return 2;
    if (argc < 1)
        return 2;
    crash.image = argv[0];
    crash.tells = crash.kills == 0;
    crash.random = crash.seed;
    crash.tally =
        mmap(NULL, sizeof *crash.tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crash.tally == MAP_FAILED)
        return 1;
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a process that is killed flushes nothing */
    return run(&crash) ? 0 : 1;
}
