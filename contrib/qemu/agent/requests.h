/*
 * The requests of the host: numbers, queues, one child each.
 *
 * A request is one line, {"id": N, "queue": "disk 0 3", "do": "mount", …}. Requests of one queue
 * run one after the other, in the order in which they came; other queues do not wait. So an undo
 * that is sent after a request never runs before it, or beside it.
 *
 * {"cancel": N} ends request N: one that has not begun never begins, and the child of one that runs
 * is killed. {"hello": N} is the fence of a host that (re)connects: all requests are cancelled, and
 * their answers come before that of the hello or not at all.
 *
 * {"do": "settle", "epoch": E} is answered when none of those that were cancelled is still running:
 * a child that was killed ends only when the kernel lets go of it. From then on requests with a
 * lower epoch are refused; requests without an epoch never are. Epoch 0, or none, ends that.
 */
#ifndef AGENT_REQUESTS_H
#define AGENT_REQUESTS_H

#include <poll.h>
#include <stddef.h>

enum {
    REQUESTS_MAX = 1024,              /* that have not ended */
    REQUESTS_BYTES = 4 * 1024 * 1024, /* of their lines */
    REQUESTS_RUN = 64                 /* that run at the same time */
};

/* Gets an answer, a line without its newline. */
typedef void requests_answer(void *ctx, const char *line);

/* A host says hello: answers that were not sent are for nobody. */
typedef void requests_fenced(void *ctx);

struct requests;

struct requests *requests_new(requests_answer *answer, requests_fenced *fenced, void *ctx);

/* A line came; NULL: one that was too long. Nothing begins yet. */
void requests_take(struct requests *requests, const char *line, size_t size);

/* Begins what can begin. To be called when everything that had come was taken. */
void requests_begin(struct requests *requests);

/* Fills at most REQUESTS_RUN entries with what the children answer on; returns how many. Lowers
 * timeout_ms (-1: none) when a child is about to end. */
size_t requests_poll(const struct requests *requests, struct pollfd *fds, int *timeout_ms);

/* Reads what children have answered, and ends the requests whose child has ended. */
void requests_go_on(struct requests *requests);

/* Cancels all, without an answer. */
void requests_cancel_all(struct requests *requests);

#endif
