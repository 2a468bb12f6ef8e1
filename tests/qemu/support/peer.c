#define _GNU_SOURCE

#include "peer.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROOM = 1024 * 1024, LINE = 512, LONGEST = 64 * 1024, TRIES = 1000 };

struct manner {
    enum peer_way way;
    char text[LINE];
};

struct peer {
    pthread_t thread;
    pthread_mutex_t lock;
    enum peer_kind kind;
    int listener, wake, client; /* client: -1: none */
    bool ends, is_quiet, is_mounted;
    char part[64]; /* "": all are answered in one way */
    struct manner usual, special;
    long long hello; /* that was not answered yet */
    char *log, *late, *partial;
    size_t log_size, late_size, partial_size;
};

static void append(char *text, size_t *size, const char *more, size_t more_size)
{
    if (*size + more_size >= ROOM)
        return;
    memcpy(text + *size, more, more_size);
    *size += more_size;
    text[*size] = '\0';
}

/* All or nothing: a client that is gone is seen by who reads. */
static void peer_send(struct peer *peer, const char *text, size_t size)
{
    while (peer->client >= 0 && size > 0) {
        ssize_t sent = send(peer->client, text, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        text += sent;
        size -= (size_t)sent;
    }
}

static void peer_send_line(struct peer *peer, const char *line)
{
    peer_send(peer, line, strlen(line));
    peer_send(peer, "\n", 1);
}

static void peer_garbage(struct peer *peer)
{
    char *line = malloc(LONGEST);

    memset(line, 'x', LONGEST);
    peer_send(peer, line, LONGEST);
    free(line);
    peer_send_line(peer, "{\"id\":-1}"); /* still the line that is too long */
    peer_send_line(peer, "garbage");
    peer_send_line(peer, "{\"id\":");
    peer_send_line(peer, "[1,2]");
    peer_send_line(peer, "");
    peer_send_line(peer, "{\"id\":\"1\",\"error\":7}");
    peer_send_line(peer, "{\"id\":-1,\"mounted\":true}");
    peer_send_line(peer, "{}");
    peer_send_line(peer, "{\"event\":7}");
    peer_send_line(peer, "{\"event\":\"DEVICE_DELETED\"}");
    peer_send_line(peer, "\xff\xfe");
}

/* The line that answers in the usual form. */
static void peer_write_answer(const struct peer *peer, const struct manner *manner, long long id,
                              char *line, size_t size)
{
    const char *error = manner->text[0] != '\0' ? manner->text : "EIO";
    bool fails = manner->way == PEER_REFUSES || manner->way == PEER_UNSURE;

    if (manner->way == PEER_SAYS)
        (void)snprintf(line, size, "%s", manner->text);
    else if (peer->kind == PEER_QMP && fails)
        (void)snprintf(line, size,
                       "{\"id\":%lld,\"error\":{\"class\":\"GenericError\",\"desc\":\"%.400s\"}}",
                       id, error);
    else if (peer->kind == PEER_QMP)
        (void)snprintf(line, size, "{\"id\":%lld,\"return\":{}}", id);
    else if (fails)
        (void)snprintf(line, size, "{\"id\":%lld,\"error\":\"%.400s\",\"why\":\"it is told to\"%s}",
                       id, error, manner->way == PEER_UNSURE ? ",\"unsure\":true" : "");
    else
        (void)snprintf(line, size, "{\"id\":%lld,\"ok\":true,\"mounted\":%s}", id,
                       peer->is_mounted ? "true" : "false");
}

/* Replaces the one %lld of a test's line. */
static void peer_number(char *line, size_t size, long long id)
{
    char *place = strstr(line, "%lld"), rest[LINE];

    if (!place)
        return;
    (void)snprintf(rest, sizeof rest, "%s", place + 4);
    (void)snprintf(place, size - (size_t)(place - line), "%lld%s", id, rest);
}

static void peer_answer(struct peer *peer, const struct manner *manner, long long id)
{
    char line[LINE];

    if (manner->way == PEER_SILENT)
        return;
    if (manner->way == PEER_HANGS_UP) {
        (void)close(peer->client);
        peer->client = -1;
        return;
    }
    if (manner->way == PEER_GARBAGE)
        peer_garbage(peer);
    peer_write_answer(peer, manner, id, line, sizeof line);
    peer_number(line, sizeof line, id);
    if (manner->way == PEER_LATE) {
        append(peer->late, &peer->late_size, line, strlen(line));
        append(peer->late, &peer->late_size, "\n", 1);
    } else {
        peer_send_line(peer, line);
    }
}

static void peer_answer_hello(struct peer *peer)
{
    char line[64];

    (void)snprintf(line, sizeof line, "{\"hello\":%lld}", peer->hello);
    peer_send_line(peer, line);
    peer->hello = 0;
}

static long long number_of(struct json_object *object, const char *name)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(object, name, &found) ? json_object_get_int64(found) : 0;
}

static void peer_deleted(struct peer *peer, struct json_object *request)
{
    struct json_object *arguments = NULL, *device = NULL;
    char line[LINE];

    if (!json_object_object_get_ex(request, "arguments", &arguments) ||
        !json_object_object_get_ex(arguments, "id", &device))
        return;
    (void)snprintf(line, sizeof line, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"%s\"}}",
                   json_object_get_string(device));
    peer_send_line(peer, line);
}

static void peer_line(struct peer *peer, const char *line)
{
    struct json_object *request = json_tokener_parse(line);
    const struct manner *manner =
        peer->part[0] != '\0' && strstr(line, peer->part) ? &peer->special : &peer->usual;

    char answer[64];

    append(peer->log, &peer->log_size, line, strlen(line));
    append(peer->log, &peer->log_size, "\n", 1);
    if (number_of(request, "hello") != 0) {
        peer->hello = number_of(request, "hello");
        if (!peer->is_quiet)
            peer_answer_hello(peer);
    } else if (peer->kind == PEER_QMP && manner == &peer->usual &&
               strstr(line, "qmp_capabilities")) {
        (void)snprintf(answer, sizeof answer, "{\"return\":{},\"id\":%lld}",
                       number_of(request, "id"));
        peer_send_line(peer, answer);
    } else if (number_of(request, "id") != 0) {
        if (manner->way == PEER_OK && strstr(line, "\"do\":\"mount\""))
            peer->is_mounted = true;
        if (manner->way == PEER_OK && strstr(line, "\"do\":\"unmount\""))
            peer->is_mounted = false;
        peer_answer(peer, manner, number_of(request, "id"));
        if (peer->kind == PEER_QMP && manner->way == PEER_OK && strstr(line, "\"device_del\""))
            peer_deleted(peer, request);
    }
    json_object_put(request);
}

static void peer_read(struct peer *peer)
{
    char text[65536], *newline;
    ssize_t size = recv(peer->client, text, sizeof text, MSG_DONTWAIT);

    if (size <= 0) {
        (void)close(peer->client);
        peer->client = -1;
        return;
    }
    append(peer->partial, &peer->partial_size, text, (size_t)size);
    while (peer->client >= 0 && (newline = memchr(peer->partial, '\n', peer->partial_size))) {
        size_t used = (size_t)(newline - peer->partial) + 1;

        *newline = '\0';
        if (peer->kind != PEER_MUTE)
            peer_line(peer, peer->partial);
        peer->partial_size -= used;
        memmove(peer->partial, peer->partial + used, peer->partial_size);
    }
}

static void peer_accept(struct peer *peer)
{
    peer->client = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    peer->partial_size = 0;
    if (peer->kind == PEER_CLOSED) {
        (void)close(peer->client);
        peer->client = -1;
    } else if (peer->kind == PEER_WRONG) {
        peer_send_line(peer, "220 mail.example ESMTP");
    }
    if (peer->kind == PEER_QMP) { /* first and last: answers that an earlier client has missed */
        peer_send_line(peer, "{\"id\":1,\"error\":{}}");
        peer_send_line(peer, "{\"QMP\":{\"version\":{},\"capabilities\":[]}}");
        peer_send_line(peer, "{\"id\":1,\"return\":{}}");
    }
}

static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    bool ends = false;

    while (!ends) {
        struct pollfd fds[3] = {{.fd = peer->wake, .events = POLLIN}};
        uint64_t ignored;

        (void)pthread_mutex_lock(&peer->lock);
        fds[1] = (struct pollfd){.fd = peer->client < 0 ? peer->listener : -1, .events = POLLIN};
        fds[2] = (struct pollfd){.fd = peer->client, .events = POLLIN};
        (void)pthread_mutex_unlock(&peer->lock);
        (void)poll(fds, 3, -1);
        (void)pthread_mutex_lock(&peer->lock);
        if (fds[0].revents != 0)
            (void)eventfd_read(peer->wake, &ignored);
        if (fds[1].revents != 0)
            peer_accept(peer);
        else if (fds[2].revents != 0 && peer->client >= 0)
            peer_read(peer);
        ends = peer->ends;
        (void)pthread_mutex_unlock(&peer->lock);
    }
    return NULL;
}

struct peer *peer_start(const char *path, enum peer_kind kind)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    peer->kind = kind;
    peer->client = -1;
    peer->log = calloc(1, ROOM);
    peer->late = calloc(1, ROOM);
    peer->partial = calloc(1, ROOM);
    assert_true(peer->log && peer->late && peer->partial);
    (void)pthread_mutex_init(&peer->lock, NULL);
    peer->wake = eventfd(0, EFD_CLOEXEC);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
    return peer;
}

void peer_end(struct peer *peer)
{
    (void)pthread_mutex_lock(&peer->lock);
    peer->ends = true;
    (void)pthread_mutex_unlock(&peer->lock);
    (void)eventfd_write(peer->wake, 1);
    (void)pthread_join(peer->thread, NULL);
    if (peer->client >= 0)
        (void)close(peer->client);
    (void)close(peer->listener);
    (void)close(peer->wake);
    (void)pthread_mutex_destroy(&peer->lock);
    free(peer->log);
    free(peer->late);
    free(peer->partial);
    free(peer);
}

static struct manner manner_of(enum peer_way way, const char *text)
{
    struct manner manner = {.way = way};

    (void)snprintf(manner.text, sizeof manner.text, "%s", text ? text : "");
    return manner;
}

void peer_answers(struct peer *peer, enum peer_way way, const char *text)
{
    (void)pthread_mutex_lock(&peer->lock);
    peer->usual = manner_of(way, text);
    (void)pthread_mutex_unlock(&peer->lock);
}

void peer_answers_to(struct peer *peer, const char *part, enum peer_way way, const char *text)
{
    (void)pthread_mutex_lock(&peer->lock);
    (void)snprintf(peer->part, sizeof peer->part, "%s", part);
    peer->special = manner_of(way, text);
    (void)pthread_mutex_unlock(&peer->lock);
}

void peer_keep_quiet(struct peer *peer)
{
    (void)pthread_mutex_lock(&peer->lock);
    peer->is_quiet = true;
    (void)pthread_mutex_unlock(&peer->lock);
}

void peer_hello(struct peer *peer)
{
    (void)pthread_mutex_lock(&peer->lock);
    peer->is_quiet = false;
    peer_answer_hello(peer);
    (void)pthread_mutex_unlock(&peer->lock);
}

void peer_say(struct peer *peer, const char *line)
{
    (void)pthread_mutex_lock(&peer->lock);
    peer_send_line(peer, line);
    (void)pthread_mutex_unlock(&peer->lock);
}

void peer_release(struct peer *peer)
{
    (void)pthread_mutex_lock(&peer->lock);
    peer_send(peer, peer->late, peer->late_size);
    peer->late_size = 0;
    (void)pthread_mutex_unlock(&peer->lock);
}

unsigned peer_heard(struct peer *peer, const char *part)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&peer->lock);
    for (const char *line = peer->log; *line != '\0';) {
        const char *end = strchr(line, '\n'), *found = strstr(line, part);

        count += found && found < end;
        line = end + 1;
    }
    (void)pthread_mutex_unlock(&peer->lock);
    return count;
}

bool peer_hears(struct peer *peer, const char *part, unsigned count)
{
    for (int tries = 0; tries < TRIES; tries++) {
        if (peer_heard(peer, part) >= count)
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}
