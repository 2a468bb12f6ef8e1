/*
 * A connection over a unix socket on which each line is a JSON object, and what waits to be sent.
 * Not thread-safe: the object that owns it locks.
 */
#ifndef QEMU_CHANNEL_H
#define QEMU_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/lines.h"
#include "json.h"

/* A line to send. */
struct message {
    struct message *next;
    int64_t number;
    size_t size, sent;
    char text[];
};

struct channel {
    int fd;                                    /* -1: not connected */
    bool held;                                 /* only lines whose number is 0 are sent */
    void (*sent)(void *ctx, const char *line); /* told of each line that went; NULL: nobody */
    void *ctx;
    struct lines lines;
    struct message *first, **last;
};

void channel_init(struct channel *channel);

/* 0, or a negative errno value: of socket and connect; -EINVAL: the path is too long. */
int channel_connect(struct channel *channel, const char *path);

/* Closes it, and forgets what was not sent. */
void channel_close(struct channel *channel);

/* Closes it, and frees what it kept for later. */
void channel_free(struct channel *channel);

/* Queues a line, an empty one for NULL, and sends what goes. 0; -ENOTCONN or -ENOMEM: nothing was
 * queued. */
int channel_send(struct channel *channel, int64_t number, json *line);

/* Takes a line back of which nothing was sent; false: it is too late for that. */
bool channel_take_back(struct channel *channel, int64_t number);

/* Sends what goes. False: the connection is lost. */
bool channel_flush(struct channel *channel);

/* Anything left to send? */
bool channel_has_more(const struct channel *channel);

#endif
