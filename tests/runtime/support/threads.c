#include "support/threads.h"

#include <sched.h>
#include <string.h>

#include "core/operation.h"

void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof *gate);
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
}

void gate_pass(struct gate *gate)
{
    unsigned turn;

    pthread_mutex_lock(&gate->lock);
    turn = ++gate->arrived;
    pthread_cond_broadcast(&gate->changed);
    while (gate->open < turn)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

void gate_wait(struct gate *gate, unsigned n)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->arrived < n)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

void gate_open(struct gate *gate, unsigned n)
{
    pthread_mutex_lock(&gate->lock);
    gate->open += n;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

int gated(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)call;
    (void)view;
    (void)out;
    gate_pass(depot->arg);
    return depot->outcome[hook];
}

void depot_start_gated(struct depot *depot, struct gate *gate)
{
    gate_init(gate);
    depot_start(depot, NULL, NULL);
    depot->hook = gated;
    depot->arg = gate;
}

static void *run_task(void *arg)
{
    struct task *task = arg;
    struct path path;
    berth_request request = {
        .operation = task->operation,
        .config = depot_path(&path, task->rack ? task->rack : "", task->shelf)->config,
        .by = task->rack,
        .at = (const uint32_t[2]){0},
        .reservation = task->id,
        .deadline = task->deadline};

    if (task->operation == OP_RESERVE)
        request.gives = task->id;
    if (task->operation == 0)
        task->rc = berth_manager_drain(task->depot->manager, task->deadline, &task->error);
    else
        task->rc = berth_manager_run(task->depot->manager, &request, &task->error);
    return NULL;
}

static void launch(struct task *task, struct depot *depot, uint8_t operation, const char *rack)
{
    task->depot = depot;
    task->operation = operation;
    task->rack = rack;
    assert_int_equal(pthread_create(&task->thread, NULL, run_task, task), 0);
}

void task_start_until(struct task *task, struct depot *depot, uint8_t operation, const char *rack,
                      int64_t deadline)
{
    memset(task, 0, sizeof *task);
    task->deadline = deadline;
    launch(task, depot, operation, rack);
}

void task_start(struct task *task, struct depot *depot, uint8_t operation, const char *rack)
{
    task_start_until(task, depot, operation, rack, BERTH_NO_DEADLINE);
}

void task_start_with(struct task *task, struct depot *depot, uint8_t operation, const uuid_t id)
{
    memset(task, 0, sizeof *task);
    memcpy(task->id, id, sizeof task->id);
    task->deadline = BERTH_NO_DEADLINE;
    launch(task, depot, operation, NULL);
}

void task_start_reserve(struct task *task, struct depot *depot, const char *rack, uint16_t shelf)
{
    memset(task, 0, sizeof *task);
    task->shelf = shelf;
    task->deadline = BERTH_NO_DEADLINE;
    launch(task, depot, OP_RESERVE, rack);
}

int task_join(struct task *task)
{
    assert_int_equal(pthread_join(task->thread, NULL), 0);
    assert_int_equal(task->error.code, task->rc);
    return task->rc;
}

static unsigned waiters(struct berth_manager *manager)
{
    unsigned n = 0;

    assert_int_equal(lock_acquire(&manager->lock), 0);
    for (struct operation *operation = manager->waiting; operation;
         operation = operation->next_waiting)
        n++;
    lock_release(&manager->lock);
    return n;
}

void wait_for_waiters(struct depot *depot, unsigned n)
{
    while (waiters(depot->manager) != n)
        sched_yield();
}

void task_start_waiting(struct task *task, struct depot *depot, uint8_t operation, const char *rack,
                        unsigned n)
{
    task_start(task, depot, operation, rack);
    wait_for_waiters(depot, n);
}

void depot_start_held(struct depot *depot, struct gate *gate, struct task *owner)
{
    depot_start_gated(depot, gate);
    task_start(owner, depot, OP_USE, "a");
    gate_wait(gate, 1);
}
