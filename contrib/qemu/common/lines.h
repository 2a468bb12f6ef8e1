/* Lines of text over a file descriptor that does not block: at most LINE_MAX_BYTES each. */
#ifndef QEMU_LINES_H
#define QEMU_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LINE_MAX_BYTES = 64 * 1024,         /* with the newline */
    LINES_MAX_UNSENT = 4 * 1024 * 1024, /* of answers that nobody reads */
    LINES_MAX_TURN = 1024 * 1024        /* read at once from a side that never stops */
};

struct lines {
    int fd;
    char received[LINE_MAX_BYTES];
    size_t filled;
    bool skips;  /* the rest of a line that was too long */
    bool midway; /* a line was sent in part */
    char *unsent;
    size_t unsent_size, unsent_room;
};

/* What came: a line without its newline, or one that was too long (NULL). */
typedef void lines_got(void *ctx, const char *line, size_t size);

/* Reads all that is there, or LINES_MAX_TURN. True while the other side is connected. */
bool lines_read(struct lines *lines, lines_got *got, void *ctx);

/* Queues a line; dropped when nobody reads, so that memory stays bounded. */
void lines_put(struct lines *lines, const char *line);

/* Writes what it can. */
void lines_write(struct lines *lines);

/* Forgets what was not sent, but for the rest of a line that was sent in part. */
void lines_forget_unsent(struct lines *lines);

/* Forgets what was received of a line. */
void lines_forget_received(struct lines *lines);

/* The other side is gone: forgets both. */
void lines_reset(struct lines *lines);

#endif
