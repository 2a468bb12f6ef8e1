#define _GNU_SOURCE /* pipe2 */

#include "requests.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

enum { ANSWER_MAX = 60 * 1024, DEPTH_MAX = 8, CLOSING_MS = 1 };

struct request {
    struct request *next;
    int64_t number;
    char *queue;
    pid_t child; /* 0: not begun */
    int pipe;    /* the child's answer */
    char *answer;
    size_t answered;
    bool cancelled;
    bool silent;  /* its host is gone */
    bool settles; /* it ends when all that are silent have ended; it has no child */
    bool closing; /* its answer is complete, and the child has not ended yet */
    size_t size;
    char line[]; /* as it came: parsed, it may need a hundred times the memory */
};

struct requests {
    struct request *first, **last;
    size_t count, running;
    size_t bytes;  /* of all lines */
    int64_t epoch; /* requests of earlier ones are refused; 0: none are */
    requests_answer *answer;
    requests_fenced *fenced;
    void *ctx;
};

struct requests *requests_new(requests_answer *answer, requests_fenced *fenced, void *ctx)
{
    struct requests *requests = calloc(1, sizeof *requests);

    if (requests) {
        requests->last = &requests->first;
        requests->answer = answer;
        requests->fenced = fenced;
        requests->ctx = ctx;
    }
    return requests;
}

/* Answers with an error: what it is, whether it may have had an effect, and for a person why. */
static void requests_refuse(struct requests *requests, const int64_t *number, const char *error,
                            bool unsure, const char *why)
{
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "id", number ? json_object_new_int64(*number) : NULL);
    json_object_object_add(answer, "error", json_object_new_string(error));
    json_object_object_add(answer, "unsure", json_object_new_boolean(unsure));
    json_object_object_add(answer, "why", json_object_new_string(why));
    requests->answer(requests->ctx, json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN));
    json_object_put(answer);
}

/* A request of the host that is there: another one may have used the same number. */
static struct request *requests_find(const struct requests *requests, int64_t number)
{
    struct request *request = requests->first;

    while (request && (request->silent || request->number != number))
        request = request->next;
    return request;
}

/* Takes it out and frees it. */
static void requests_end(struct requests *requests, struct request *request)
{
    struct request **link = &requests->first;

    while (*link != request)
        link = &(*link)->next;
    *link = request->next;
    if (!request->next)
        requests->last = link;
    requests->count--;
    requests->bytes -= request->size;
    if (request->child != 0) {
        requests->running--;
        (void)close(request->pipe);
    }
    free(request->queue);
    free(request->answer);
    free(request);
}

static void requests_cancel(struct requests *requests, struct request *request, bool silent)
{
    request->cancelled = true;
    request->silent = request->silent || silent;
    if (request->child != 0) {
        (void)kill(request->child, SIGKILL);
        return;
    }
    if (!request->silent)
        requests_refuse(requests, &request->number, "ECANCELED", false, "it had not begun");
    requests_end(requests, request);
}

void requests_cancel_all(struct requests *requests)
{
    struct request *next;

    for (struct request *request = requests->first; request; request = next) {
        next = request->next;
        requests_cancel(requests, request, true);
    }
}

/* A member that is a number, from 0 on. The largest one stands for all that are too large. */
static bool requests_number(struct json_object *line, const char *name, int64_t *number)
{
    struct json_object *found = NULL;

    if (!json_object_object_get_ex(line, name, &found) ||
        !json_object_is_type(found, json_type_int))
        return false;
    *number = json_object_get_int64(found);
    return *number >= 0 && *number < INT64_MAX;
}

/* Its number is not in use: keeps it. False: out of memory, or of what hosts may use. */
static bool requests_keep(struct requests *requests, int64_t number, struct json_object *line,
                          const char *text, size_t size)
{
    struct request *request;

    if (requests->count == REQUESTS_MAX || requests->bytes + size > REQUESTS_BYTES)
        return false;
    request = calloc(1, sizeof *request + size + 1);
    if (!request)
        return false;
    request->queue = strdup(work_text(line, "queue"));
    if (!request->queue) {
        free(request);
        return false;
    }
    memcpy(request->line, text, size);
    request->size = size;
    request->number = number;
    request->settles = strcmp(work_text(line, "do"), "settle") == 0;
    *requests->last = request;
    requests->last = &request->next;
    requests->count++;
    requests->bytes += size;
    return true;
}

/* The epoch of a request; 0: it has none. False: it is no number. */
static bool requests_epoch(struct json_object *line, int64_t *epoch)
{
    struct json_object *found;

    *epoch = 0;
    return !json_object_object_get_ex(line, "epoch", &found) ||
           requests_number(line, "epoch", epoch);
}

static void requests_add(struct requests *requests, int64_t number, struct json_object *line,
                         const char *text, size_t size)
{
    const char *what = work_text(line, "do");
    int64_t epoch;

    if (!what || !work_text(line, "queue")) {
        requests_refuse(requests, &number, "EINVAL", false, "queue and do must be texts");
    } else if (!requests_epoch(line, &epoch)) {
        requests_refuse(requests, &number, "EINVAL", false, "epoch must be a number");
    } else if (epoch > 0 && epoch < requests->epoch) {
        requests_refuse(requests, &number, "ESTALE", false, "a later process has the guest");
    } else if (requests_find(requests, number)) {
        requests_refuse(requests, NULL, "EEXIST", false, "a request of this number has not ended");
    } else if (!requests_keep(requests, number, line, text, size)) {
        requests_refuse(requests, &number, "ENOBUFS", false, "too many requests");
    } else if (strcmp(what, "settle") == 0) {
        requests->epoch = epoch;
    }
}

/* Says hello to a host, which knows from the answer that older requests are over. */
static void requests_hello(struct requests *requests, int64_t number)
{
    char answer[96];

    requests_cancel_all(requests);
    requests->fenced(requests->ctx);
    (void)snprintf(answer, sizeof answer, "{\"hello\":%lld,\"agent\":\"berth\",\"version\":1}",
                   (long long)number);
    requests->answer(requests->ctx, answer);
}

/* The object that a line is; NULL: it is none. */
static struct json_object *requests_parse(const char *text, size_t size)
{
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
    struct json_object *line = NULL;

    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    if (!memchr(text, '\0', size)) /* the parser would take it for the end */
        line = json_tokener_parse_ex(tokener, text, (int)size + 1);
    json_tokener_free(tokener);
    if (json_object_is_type(line, json_type_object))
        return line;
    json_object_put(line);
    return NULL;
}

void requests_take(struct requests *requests, const char *text, size_t size)
{
    struct json_object *line;
    int64_t number;

    if (!text) {
        requests_refuse(requests, NULL, "EMSGSIZE", false, "the line is too long");
        return;
    }
    line = requests_parse(text, size);
    if (!line) {
        requests_refuse(requests, NULL, "EINVAL", false, "the line is no JSON object");
    } else if (requests_number(line, "hello", &number)) {
        requests_hello(requests, number);
    } else if (requests_number(line, "cancel", &number)) {
        struct request *request = requests_find(requests, number);

        if (request)
            requests_cancel(requests, request, false);
    } else if (requests_number(line, "id", &number)) {
        requests_add(requests, number, line, text, size);
    } else {
        requests_refuse(requests, NULL, "EINVAL", false, "id, cancel or hello must be a number");
    }
    json_object_put(line);
}

/* In the child. */
static void requests_work(const struct request *request, int to)
{
    struct json_object *line = requests_parse(request->line, request->size);

    if (line)
        work(line, request->number, to);
    json_object_put(line);
}

/* False: there is no process or pipe for it now. */
static bool requests_fork(struct requests *requests, struct request *request)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    child = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -1 : fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(ends[0]);
        requests_work(request, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return false;
    }
    request->child = child;
    request->pipe = ends[0];
    requests->running++;
    return true;
}

/* Is it the first of its queue? */
static bool requests_first(const struct requests *requests, const struct request *request)
{
    for (const struct request *r = requests->first; r != request; r = r->next)
        if (strcmp(r->queue, request->queue) == 0)
            return false;
    return true;
}

/* Is a request of an earlier host still here? Its child was killed, and may be in the kernel. */
static bool requests_wait_for_silent(const struct requests *requests)
{
    const struct request *request = requests->first;

    while (request && !request->silent)
        request = request->next;
    return request != NULL;
}

static void requests_settle(struct requests *requests, struct request *request)
{
    char answer[64];

    if (requests_wait_for_silent(requests))
        return;
    (void)snprintf(answer, sizeof answer, "{\"id\":%lld,\"ok\":true}", (long long)request->number);
    requests->answer(requests->ctx, answer);
    requests_end(requests, request);
}

void requests_begin(struct requests *requests)
{
    struct request *next;

    for (struct request *r = requests->first; r; r = next) {
        next = r->next;
        if (r->settles) {
            requests_settle(requests, r);
            continue;
        }
        if (requests->running == REQUESTS_RUN)
            return;
        if (r->child != 0 || !requests_first(requests, r) || requests_fork(requests, r))
            continue;
        if (requests->running != 0)
            return; /* again when another one has ended */
        requests_refuse(requests, &r->number, "EAGAIN", false, "no process to be had");
        requests_end(requests, r);
    }
}

size_t requests_poll(const struct requests *requests, struct pollfd *fds, int *timeout_ms)
{
    size_t count = 0;

    for (const struct request *r = requests->first; r; r = r->next)
        if (r->closing)
            *timeout_ms = CLOSING_MS;
        else if (r->child != 0)
            fds[count++] = (struct pollfd){.fd = r->pipe, .events = POLLIN};
    return count;
}

/* True when the child has closed its end, which it does when it has answered or died. */
static bool requests_read(struct request *request)
{
    for (;;) {
        char *more = realloc(request->answer, request->answered + 4096 + 1);
        ssize_t size;

        if (!more)
            return false;
        request->answer = more;
        size = read(request->pipe, more + request->answered, 4096);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno != EAGAIN;
        if (size == 0)
            return true;
        request->answered += (size_t)size;
        if (request->answered > ANSWER_MAX)
            request->answered = ANSWER_MAX; /* cut: no JSON any more, and told so below */
    }
}

/* Answers for a child that has ended. */
static void requests_finish(struct requests *requests, struct request *request, int status)
{
    const char *error = "EIO", *why = "its process died";

    request->answer[request->answered] = '\0';
    if (request->cancelled) {
        error = "ECANCELED";
        why = "it was cancelled while it ran";
    } else if (request->answered == ANSWER_MAX) {
        error = "EMSGSIZE";
        why = "its answer is too long";
    }
    if (request->silent) {
        /* nobody asks any more */
    } else if (WIFEXITED(status) && request->answered != 0 && request->answered < ANSWER_MAX) {
        requests->answer(requests->ctx, request->answer);
    } else {
        requests_refuse(requests, &request->number, error, true, why);
    }
    requests_end(requests, request);
}

void requests_go_on(struct requests *requests)
{
    struct request *next;

    for (struct request *request = requests->first; request; request = next) {
        int status = 0;

        next = request->next;
        if (request->child == 0)
            continue;
        request->closing = request->closing || requests_read(request);
        /* It is not waited for: closing a file may hang as long as its file system does. */
        if (request->closing && waitpid(request->child, &status, WNOHANG) != 0)
            requests_finish(requests, request, status);
    }
}
