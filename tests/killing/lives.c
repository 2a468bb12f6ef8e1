/*
 * The simulator of a stored manager whose process really dies. Each life is a process of its own,
 * forked without exec, with the store in a file. SIGKILL ends it: before or after a commit, or
 * within a hook that has taken effect. The next life opens the file and answers for it.
 *
 * What outlives a process is in shared memory: the labels of the simulator, its answers, and the
 * backend, which knows the effects that it has.
 *
 * Input: scripts of the simulator's requests, one a line, each ended by a blank line. The first
 * script is one line for this program, {"undoes": {"vm.remove": ["vm.add"]}, "asks": {}}. Each
 * other script begins with "new". More members of requests:
 *
 *   "die": k         as in docs/simulator.md
 *   "lost": true     with "die": before the k-th commit is made
 *   "torn": j        with "die": within the k-th commit, when half of its j-th write is made
 *   "effect": true   with "die": in the next hook, which has taken effect
 *   "stale": true    with "die": it does not die at the k-th commit; the next life takes its store.
 *                    Then that commit must fail with ESTALE, and no hook is called any more
 *   "full": true     with "refuse": k; no file can be written at the k-th commit
 *   "quiet": true    no answer
 *
 * and more requests:
 *
 *   "restart"   dies; the answer has the levels that reservations hold, as bits, the number of
 *               rows, and the state
 *   "holds"     names the hooks whose effects the backend has
 *   "crowd"     "threads" has a list of requests for each thread. Some calls fail or are uncertain.
 *               "die": k is for a commit of any of them, "in_hook": k for the k-th hook
 *   "let_go"    recovers, ends all reservations, drains; what is left is discarded
 *
 * Output: the answers, and a blank line after each script. docs/testing.md says how to use it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <berth_sqlite.h>
#include <sqlite3.h>

#include "sim/sim_internal.h"
#include "sim/sim_json.h"

enum {
    MAX_LINES = 512,
    MAX_EFFECTS = 256,
    MAX_LIVES = 400,
    ARENA = 64 << 20,
    CALLS = 1 << 17,
    IDENTITY = 2048
};

/* An effect that the backend has: what a hook did, and for which instance. */
struct effect {
    uint8_t hook;
    char of[IDENTITY];
};

/* How the request that runs dies. */
struct plan {
    bool dies, lost, effect, stale, full;
    uint64_t at;      /* number of the commit */
    uint64_t torn;    /* number of the write within it; 0: none */
    uint64_t commits; /* so far */
    uint64_t writes;  /* of the commit that is made */
    bool in_commit;
    bool is_due;      /* the next hook kills */
    uint64_t in_hook; /* number of the hook that kills, in a crowd; 0: none */
};

/* What outlives a life. */
struct shared {
    berth_sim sim;
    sim_labels labels; /* of the backend, which names instances for itself */
    size_t line;       /* the request that runs */
    bool died;
    pid_t ghost; /* a life that has lost its store, and goes on */
    struct plan plan;
    char calls[CALLS]; /* those that ended in this request, each with a comma */
    size_t n_calls;
    struct effect effects[MAX_EFFECTS];
    size_t n_effects;
    unsigned uncertain;       /* calls that ended so */
    uint64_t epoch, sequence; /* of the last opening, and of the last commit */
    size_t used;              /* of the arena */
    _Alignas(max_align_t) unsigned char arena[];
};

static struct shared *shared;
static char *lines[MAX_LINES];
static size_t n_lines;
static const berth_sim_manager *generated;
static berth_sim_manager glue; /* the generated one, but for deaths */
static bool undoes[256][256];  /* undo, effect */
static bool has_effect[256];
static bool asks[256][256]; /* question, effect */
static bool reviving;
static bool is_ghost; /* this life has lost its store */

/* The end */

static _Noreturn void die(void)
{
    shared->died = true;
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static _Noreturn void fail(const char *why)
{
    (void)printf("lives.c: %s\n", why);
    exit(2);
}

/* Memory that outlives the process. It is given back when the next script begins. */

struct block {
    size_t size;
    _Alignas(max_align_t) unsigned char memory[];
};

void *__wrap_sim_new(size_t count, size_t size);
void *__wrap_sim_resize(void *memory, size_t count, size_t size);
void __wrap_sim_free(void *memory);

void *__wrap_sim_resize(void *memory, size_t count, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    const struct block *old =
        memory ? (const void *)((unsigned char *)memory - offsetof(struct block, memory)) : NULL;
    const size_t bytes = count * size;
    const size_t needed = (sizeof(struct block) + bytes + align - 1) / align * align;
    struct block *block = (void *)(shared->arena + shared->used);

    if (old && old->size >= bytes)
        return memory;
    if (needed > ARENA - shared->used)
        fail("out of shared memory");
    shared->used += needed;
    block->size = bytes;
    if (old)
        memcpy(block->memory, memory, old->size);
    return block->memory;
}

void *__wrap_sim_new(size_t count, size_t size)
{
    return memset(__wrap_sim_resize(NULL, count, size), 0, count * size);
}

void __wrap_sim_free(void *memory)
{
    (void)memory;
}

/* The store: a file, and a process that dies at its commits */

static char path[64];
static berth_sqlite *object; /* of this life */
static bool in_background;   /* a thread of the store makes the commits */
static const berth_store_table *tables;
static size_t n_rows; /* that were loaded, but for counters */
static int (*put_row)(void *arg, uint16_t table, const berth_store_value *values);

static const berth_store *inner(void)
{
    if (!object)
        object = berth_sqlite_create(path, &(berth_sqlite_options){.background = in_background});
    return berth_sqlite_store(object);
}

static int dying_open(void *ctx, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                      berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    int rc;

    (void)ctx;
    tables = manager->tables;
    n_rows = 0;
    rc = inner()->open(inner()->ctx, manager, accept, arg, link, deadline, opened);
    if (rc == 0 && (opened->epoch != shared->epoch + 1 || opened->sequence != shared->sequence))
        fail("the epoch is not one more, or the sequence is not that of the last commit");
    shared->epoch++;
    return rc;
}

static int count_row(void *arg, uint16_t table, const berth_store_value *values)
{
    if (strcmp(tables[table].name, "_counters") != 0)
        n_rows++;
    return put_row(arg, table, values);
}

static int dying_load(void *ctx,
                      int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                      void *arg, int64_t deadline)
{
    (void)ctx;
    put_row = put;
    return inner()->load(inner()->ctx, count_row, arg, deadline);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        fail("no limit of files");
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        fail("no limit of files");
}

static bool was_due; /* the commit that is made now */

/* A commit has ended, perhaps on the thread of the store. */
static void end_commit(int rc)
{
    struct plan *plan = &shared->plan;

    if (is_ghost && rc != -ESTALE)
        fail("a commit of an earlier life was made");
    if (was_due && plan->full)
        limit_files(RLIM_INFINITY);
    plan->in_commit = false;
    if (is_ghost)
        return;
    shared->sequence += rc == 0;
    if (rc == 0 && was_due && plan->effect)
        plan->is_due = true;
    else if (rc == 0 && was_due && plan->dies)
        die();
}

int __real_berth_store_committed(berth_store_link link, uint64_t sequence, int result);
int __wrap_berth_store_committed(berth_store_link link, uint64_t sequence, int result);

int __wrap_berth_store_committed(berth_store_link link, uint64_t sequence, int result)
{
    end_commit(result);
    return __real_berth_store_committed(link, sequence, result);
}

static int send_commit(const berth_store_commit *commit)
{
    int rc = inner()->commit(inner()->ctx, commit);

    if (rc != BERTH_PENDING)
        end_commit(rc);
    return rc;
}

/* The next life takes the store, which this one must notice. */
static int commit_as_ghost(const berth_store_commit *commit)
{
    is_ghost = true;
    was_due = false;
    shared->ghost = getpid();
    shared->died = true;
    (void)raise(SIGSTOP);
    return send_commit(commit);
}

static int make_commit(const berth_store_commit *commit, bool due)
{
    struct plan *plan = &shared->plan;

    if (commit->epoch != shared->epoch || commit->sequence != shared->sequence + 1)
        fail("a commit has another epoch or sequence");
    was_due = due;
    plan->in_commit = due;
    plan->writes = 0;
    if (due && plan->full)
        limit_files(0);
    return send_commit(commit);
}

static int dying_commit(void *ctx, const berth_store_commit *commit)
{
    struct plan *plan = &shared->plan;
    const bool due = ++plan->commits == plan->at;

    (void)ctx;
    if (is_ghost)
        fail("an earlier life makes another commit");
    if (due && plan->stale)
        return commit_as_ghost(commit);
    if (plan->dies && (plan->is_due || (due && plan->lost) || plan->at == 0))
        die();
    return make_commit(commit, due);
}

static int dying_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                         int (*next)(void *arg, berth_store_change *row), void *arg)
{
    (void)ctx;
    return inner()->replace(inner()->ctx, epoch, sequence, next, arg);
}

static int dying_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    (void)ctx;
    return inner()->set_place(inner()->ctx, epoch, place);
}

static void dying_close(void *ctx)
{
    (void)ctx;
    inner()->close(inner()->ctx);
}

static const berth_store dying = {
    .version = BERTH_STORE_VERSION,
    .open = dying_open,
    .load = dying_load,
    .commit = dying_commit,
    .replace = dying_replace,
    .close = dying_close,
    .set_place = dying_set_place,
};

/* They stand for the simulator's own store. */
berth_memory_store *__wrap_berth_memory_store_make(const char *backend);
const berth_store *__wrap_berth_memory_store_functions(berth_memory_store *store);
void __wrap_berth_memory_store_free(berth_memory_store *store);

berth_memory_store *__wrap_berth_memory_store_make(const char *backend)
{
    (void)backend;
    return (berth_memory_store *)shared;
}

const berth_store *__wrap_berth_memory_store_functions(berth_memory_store *store)
{
    (void)store;
    return &dying;
}

void __wrap_berth_memory_store_free(berth_memory_store *store)
{
    (void)store;
}

/* SQLite writes with this: half of the write that kills is made. */
static ssize_t torn_write(int file, const void *bytes, size_t size, off_t offset)
{
    struct plan *plan = &shared->plan;

    if (plan->in_commit && plan->torn > 0 && ++plan->writes == plan->torn) {
        (void)!pwrite(file, bytes, size / 2, offset);
        die();
    }
    return pwrite(file, bytes, size, offset);
}

static void tear_writes(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_syscall_ptr function = (sqlite3_syscall_ptr)torn_write;

    if (!vfs || (vfs->xSetSystemCall(vfs, "pwrite64", function) != SQLITE_OK &&
                 vfs->xSetSystemCall(vfs, "pwrite", function) != SQLITE_OK))
        fail("the writes of SQLite cannot be watched");
}

/* The backend */

/* The values of an instance that stay as they are, as text. */
static void identify(berth_sim *sim, uint8_t hook, const void *view, char of[IDENTITY])
{
    const sim_labels labels = sim->labels;
    json_object *args;

    sim->labels = shared->labels;
    args = sim_answer_args(sim, sim->glue->hooks[hook].resource, view);
    shared->labels = sim->labels;
    sim->labels = labels;
    for (unsigned i = 1; i <= sim->glue->type->n_hooks; i++) {
        for (unsigned j = 0; j < sim->glue->hooks[i].n_outs; j++)
            json_object_object_del(args, sim->glue->hooks[i].outs[j].name);
    }
    if (snprintf(of, IDENTITY, "%s", json_object_to_json_string(args)) >= IDENTITY)
        fail("an instance is too long");
    json_object_put(args);
}

static void take_effect(uint8_t hook, const char *of)
{
    bool found = false;

    for (size_t i = shared->n_effects; i-- > 0;) {
        struct effect *effect = &shared->effects[i];

        if (strcmp(effect->of, of) != 0)
            continue;
        found = found || effect->hook == hook;
        if (undoes[hook][effect->hook])
            *effect = shared->effects[--shared->n_effects];
    }
    if (!has_effect[hook] || found)
        return;
    if (shared->n_effects == MAX_EFFECTS)
        fail("too many effects");
    shared->effects[shared->n_effects].hook = hook;
    memcpy(shared->effects[shared->n_effects++].of, of, IDENTITY);
}

/* The call has ended: its record outlives this life. */
static void keep_call(berth_sim *sim)
{
    const size_t last = json_object_array_length(sim->recorded) - 1;
    const int n =
        snprintf(shared->calls + shared->n_calls, CALLS - shared->n_calls, "%s,",
                 json_object_to_json_string(json_object_array_get_idx(sim->recorded, last)));

    if (n < 0 || (size_t)n >= CALLS - shared->n_calls)
        fail("too many calls");
    shared->n_calls += (size_t)n;
}

/* Answers */

static void print(json_object *answer)
{
    (void)puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
    (void)fflush(stdout);
    json_object_put(answer);
}

static void print_done(const char *op)
{
    json_object *answer = json_object_new_object();

    json_object_object_add(answer, op, json_object_new_boolean(true));
    print(answer);
}

/* A crowd */

enum { MAX_THREADS = 8, MAX_REQUESTS = 64, ROUNDS = 5 };

struct errand {
    pthread_t thread;
    void *manager;
    sim_request requests[MAX_REQUESTS];
    size_t n;
};

static enum { ALONE, CROWD, LETTING_GO } mood;
static pthread_mutex_t backend_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned n_hooks;

static bool is_there(uint8_t question, const char *of)
{
    for (size_t i = 0; i < shared->n_effects; i++) {
        if (asks[question][shared->effects[i].hook] && strcmp(shared->effects[i].of, of) == 0)
            return true;
    }
    return false;
}

/* Many threads are here. Without a script every 13th call is uncertain, and every 7th fails. */
static int call_in_crowd(berth_sim *sim, uint8_t hook, const void *view)
{
    char of[IDENTITY];
    int rc = 0;

    (void)sched_yield();
    (void)pthread_mutex_lock(&backend_lock);
    identify(sim, hook, view, of);
    n_hooks++;
    if (n_hooks == shared->plan.in_hook) {
        take_effect(hook, of);
        die();
    }
    if (sim->glue->type->hooks[hook].asks)
        rc = is_there(hook, of) ? BERTH_YES : BERTH_NO;
    else if (mood == CROWD && n_hooks % 13 == 0)
        rc = BERTH_UNCERTAIN(-ETIMEDOUT);
    else if (mood == CROWD && n_hooks % 7 == 0)
        rc = -EIO;
    if (rc == 0 || (rc <= -BERTH_UNCERTAIN_BASE && ++shared->uncertain % 2 == 1))
        take_effect(hook, of);
    (void)pthread_mutex_unlock(&backend_lock);
    (void)sched_yield();
    return rc;
}

static void *run_errand(void *arg)
{
    struct errand *errand = arg;
    berth_error error;

    for (size_t i = 0; i < errand->n; i++)
        (void)generated->run(errand->manager, errand->requests[i].operation,
                             &errand->requests[i].arguments, &error);
    return NULL;
}

static void run_crowd(berth_sim *sim, json_object *value)
{
    static struct errand errands[MAX_THREADS];
    json_object *threads = NULL;
    size_t n;

    if (!json_object_object_get_ex(value, "threads", &threads))
        fail("a crowd has threads");
    n = json_object_array_length(threads);
    for (size_t i = 0; i < n && i < MAX_THREADS; i++) {
        json_object *requests = json_object_array_get_idx(threads, i);

        errands[i].manager = sim->manager;
        errands[i].n = json_object_array_length(requests);
        for (size_t j = 0; j < errands[i].n && j < MAX_REQUESTS; j++) {
            if (!sim_request_read(sim->glue, json_object_array_get_idx(requests, j),
                                  &errands[i].requests[j]))
                fail(errands[i].requests[j].why);
            sim_request_bind(&errands[i].requests[j], &sim->labels);
        }
    }
    mood = CROWD;
    for (size_t i = 0; i < n; i++) {
        if (pthread_create(&errands[i].thread, NULL, run_errand, &errands[i]) != 0)
            fail("no thread");
    }
    for (size_t i = 0; i < n; i++)
        (void)pthread_join(errands[i].thread, NULL);
    mood = ALONE;
    print_done("crowd");
}

struct ids {
    unsigned char id[MAX_EFFECTS][16];
    size_t n;
};

static int note_id(void *arg, const berth_reservation *reservation)
{
    struct ids *ids = arg;

    if (ids->n < MAX_EFFECTS)
        memcpy(ids->id[ids->n++], reservation->id, 16);
    return 0;
}

static void end_reservations(berth_sim *sim)
{
    static struct ids ids;
    const berth_manager_type *type = sim->glue->type;
    berth_error error;

    ids.n = 0;
    (void)generated->for_each_owned(sim->manager, note_id, &ids);
    for (size_t i = 0; i < ids.n; i++) {
        for (uint8_t j = 1; j <= type->n_operations; j++) {
            const berth_sim_arguments arguments = {.reservation = ids.id[i]};

            if (type->operations[j].form == BERTH_WITH && type->operations[j].flags & BERTH_ENDS &&
                generated->run(sim->manager, j, &arguments, &error) == 0)
                break;
        }
    }
}

static void let_go(berth_sim *sim)
{
    berth_error error;

    mood = LETTING_GO;
    (void)generated->recover(sim->manager, &error);
    for (unsigned i = 0; i < ROUNDS; i++) {
        end_reservations(sim);
        (void)generated->drain(sim->manager, &error);
    }
    (void)generated->discard(sim->manager);
    mood = ALONE;
    print_done("let_go");
}

int __real_berth_sim_hook_called(berth_sim *sim, uint8_t hook, const void *view, void *out);
int __wrap_berth_sim_hook_called(berth_sim *sim, uint8_t hook, const void *view, void *out);
int __real_berth_sim_settle_called(berth_sim *sim);
int __wrap_berth_sim_settle_called(berth_sim *sim);

int __wrap_berth_sim_hook_called(berth_sim *sim, uint8_t hook, const void *view, void *out)
{
    char of[IDENTITY];
    int rc;

    if (is_ghost)
        fail("an earlier life calls a hook");
    if (mood != ALONE)
        return call_in_crowd(sim, hook, view);
    identify(sim, hook, view, of);
    if (shared->plan.is_due) {
        take_effect(hook, of);
        die();
    }
    rc = __real_berth_sim_hook_called(sim, hook, view, out);
    keep_call(sim);
    /* every other uncertain call has taken effect */
    if (rc == 0 || (rc <= -BERTH_UNCERTAIN_BASE && ++shared->uncertain % 2 == 1))
        take_effect(hook, of);
    return rc;
}

int __wrap_berth_sim_settle_called(berth_sim *sim)
{
    int rc;

    if (mood != ALONE)
        return 0;
    rc = __real_berth_sim_settle_called(sim);
    keep_call(sim);
    return rc;
}

/* A life */

/* All that a life without its store has to say is ESTALE. */
static int end_ghost(int rc)
{
    if (!is_ghost)
        return rc;
    if (rc != -ESTALE)
        fail("an operation of an earlier life has another error than ESTALE");
    _exit(0);
}

static int run_to_the_end(void *manager, uint8_t operation, const berth_sim_arguments *arguments,
                          berth_error *error)
{
    return end_ghost(generated->run(manager, operation, arguments, error));
}

static int drain_to_the_end(void *manager, berth_error *error)
{
    return end_ghost(generated->drain(manager, error));
}

static int recover_to_the_end(void *manager, berth_error *error)
{
    return end_ghost(generated->recover(manager, error));
}

/* A manager that cannot go on is not opened again in the same process. */
static int open_or_die(const void *options, const bool *without, berth_sim *sim,
                       const berth_store *store, void **manager)
{
    if (sim->made && !sim->manager && !reviving)
        die();
    return generated->open(options, without, sim, store, manager);
}

static bool take_member(json_object *value, const char *name, uint64_t *number)
{
    json_object *member = NULL;

    if (!json_object_object_get_ex(value, name, &member))
        return false;
    if (number)
        *number = (uint64_t)json_object_get_int64(member);
    json_object_object_del(value, name);
    return true;
}

static void print_holds(const berth_sim *sim)
{
    json_object *answer = json_object_new_object();
    json_object *holds = json_object_new_array();

    for (size_t i = 0; i < shared->n_effects; i++)
        json_object_array_add(
            holds, json_object_new_string(sim->glue->type->hooks[shared->effects[i].hook].name));
    json_object_object_add(answer, "holds", holds);
    print(answer);
}

static int add_held(void *arg, const berth_reservation *reservation)
{
    json_object_array_add(arg, json_object_new_int(reservation->held));
    return 0;
}

static bool has_op(json_object *value, const char *op)
{
    json_object *member = NULL;

    return json_object_object_get_ex(value, "op", &member) &&
           strcmp(json_object_get_string(member), op) == 0;
}

static json_object *read_line(size_t line)
{
    const char *why = NULL;
    json_object *value = sim_json_read(lines[line], strlen(lines[line]), &why);

    if (!value)
        fail(why);
    return value;
}

static void serve(berth_sim *sim)
{
    struct plan *plan = &shared->plan;
    json_object *value = read_line(shared->line);
    bool quiet = take_member(value, "quiet", NULL);
    json_object *answer;

    *plan = (struct plan){0};
    plan->dies = take_member(value, "die", &plan->at);
    plan->lost = take_member(value, "lost", NULL);
    plan->effect = take_member(value, "effect", NULL);
    plan->stale = take_member(value, "stale", NULL);
    plan->full = take_member(value, "full", NULL);
    if (plan->full)
        (void)take_member(value, "refuse", &plan->at);
    (void)take_member(value, "torn", &plan->torn);
    (void)take_member(value, "in_hook", &plan->in_hook);
    n_hooks = 0;
    shared->n_calls = 0;
    shared->calls[0] = '\0';
    if (has_op(value, "restart"))
        die();
    if (has_op(value, "holds")) {
        print_holds(sim);
    } else if (has_op(value, "crowd")) {
        run_crowd(sim, value);
    } else if (has_op(value, "let_go")) {
        let_go(sim);
    } else {
        sim->requests++;
        answer = sim_answer_value(sim, value);
        if (quiet)
            json_object_put(answer);
        else
            print(answer);
    }
    json_object_put(value);
}

/* The answer of a request whose process has died. */
static void answer_for_the_dead(berth_sim *sim)
{
    json_object *value = read_line(shared->line), *answer, *state = NULL;
    const char *why = NULL;
    char *text = NULL;
    sim_request request = {0};

    if (shared->n_calls > 0)
        shared->calls[shared->n_calls - 1] = '\0';
    if (asprintf(&text, "{\"calls\": [%s]}", shared->calls) < 0)
        fail("out of memory");
    json_object *calls = sim_json_read(text, strlen(text), &why);
    if (!calls || !json_object_object_get_ex(calls, "calls", &sim->recorded))
        fail("calls cannot be read");
    answer = sim_answer(sim, &request, -EOWNERDEAD, &(berth_error){0});
    if (has_op(value, "crowd") || has_op(value, "let_go")) {
        json_object_put(answer);
        answer = json_object_new_object();
        json_object_object_add(answer, has_op(value, "crowd") ? "crowd" : "let_go",
                               json_object_new_boolean(false));
    } else if (has_op(value, "restart")) {
        json_object *both = json_object_new_object();
        json_object *held = json_object_new_array();

        (void)generated->for_each_owned(sim->manager, add_held, held);
        json_object_object_add(both, "held", held);
        (void)json_object_object_get_ex(answer, "state", &state);
        json_object_object_add(both, "rows", json_object_new_int64((int64_t)n_rows));
        json_object_object_add(both, "state", json_object_get(state));
        json_object_put(answer);
        answer = both;
    }
    print(answer);
    sim->recorded = NULL;
    json_object_put(calls);
    json_object_put(value);
    free(text);
}

static _Noreturn void live(void)
{
    berth_sim *sim = &shared->sim;
    json_object *made;

    (void)alarm(20);
    if (shared->died) {
        shared->died = false;
        reviving = true;
        made = read_line(0);
        (void)take_member(made, "quiet", NULL);
        sim_revive(sim, made);
        reviving = false;
        if (shared->ghost != 0)
            (void)kill(shared->ghost, SIGCONT);
        shared->ghost = 0;
        answer_for_the_dead(sim);
        shared->line++;
    }
    for (; shared->line < n_lines; shared->line++)
        serve(sim);
    _exit(0);
}

/* Scripts */

static void forget_file(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[sizeof path + 8];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

/* Lives until one has come to the end of the script. false: something is wrong. */
static bool play(void)
{
    int status = 0;
    bool well = true;

    forget_file();
    memset(shared, 0, offsetof(struct shared, arena));
    sim_begin(&shared->sim, &glue);
    for (unsigned lives = 0; lives < MAX_LIVES; lives++) {
        const pid_t child = fork();

        if (child < 0)
            fail("a process cannot be made");
        if (child == 0)
            live();
        if (waitpid(child, &status, WUNTRACED) != child)
            fail("a process is gone");
        if (WIFSTOPPED(status) || (WIFSIGNALED(status) && shared->died))
            continue;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            (void)printf("a life has ended with status %d at %s\n", status, lines[shared->line]);
            well = false;
        }
        break;
    }
    while (wait(&status) > 0) {
        if (status != 0)
            (void)printf("a life without its store has ended with status %d\n", status);
        well = well && status == 0;
    }
    (void)puts("");
    (void)fflush(stdout);
    return well;
}

static uint8_t find_hook(const char *name)
{
    for (unsigned i = 1; i <= glue.type->n_hooks; i++) {
        if (strcmp(glue.type->hooks[i].name, name) == 0)
            return (uint8_t)i;
    }
    fail(name);
}

static void read_relation(json_object *config, const char *which, bool relation[256][256])
{
    json_object *all = NULL;

    if (!json_object_object_get_ex(config, which, &all))
        fail("the first script says what undoes what, and what asks for what");
    json_object_object_foreach(all, name, effects)
    {
        for (size_t i = 0; i < json_object_array_length(effects); i++) {
            const char *effect = json_object_get_string(json_object_array_get_idx(effects, i));

            relation[find_hook(name)][find_hook(effect)] = true;
            has_effect[find_hook(effect)] = true;
        }
    }
}

static void read_config(void)
{
    json_object *config = read_line(0);

    read_relation(config, "undoes", undoes);
    read_relation(config, "asks", asks);
    json_object_put(config);
}

/* Reads up to a blank line. */
static bool read_script(FILE *in)
{
    size_t room = 0;
    ssize_t length;

    for (size_t i = 0; i < n_lines; i++)
        free(lines[i]);
    n_lines = 0;
    for (char *line = NULL; (length = getline(&line, &room, in)) > 1; line = NULL, room = 0) {
        if (n_lines == MAX_LINES)
            fail("too many requests");
        lines[n_lines++] = line;
    }
    return n_lines > 0;
}

int __wrap_berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out);

int __wrap_berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out)
{
    (void)out;
    glue = *manager;
    generated = manager;
    glue.open = open_or_die;
    glue.run = run_to_the_end;
    glue.drain = drain_to_the_end;
    glue.recover = recover_to_the_end;
    shared = mmap(NULL, sizeof *shared + ARENA, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == MAP_FAILED)
        fail("no shared memory");
    (void)snprintf(path, sizeof path, "%s/berth-lives-%d.db",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    in_background = getenv("BERTH_BACKGROUND") != NULL;
    tear_writes();
    (void)signal(SIGXFSZ, SIG_IGN);
    if (!read_script(in))
        return 0;
    read_config();
    while (read_script(in) && play())
        ;
    forget_file();
    return 0;
}
