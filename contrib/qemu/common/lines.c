#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Hands out the lines that are complete. */
static void lines_split(struct lines *lines, lines_got *got, void *ctx)
{
    char *begin = lines->received, *end = lines->received + lines->filled, *newline;

    while ((newline = memchr(begin, '\n', (size_t)(end - begin)))) {
        *newline = '\0';
        if (!lines->skips)
            got(ctx, begin, (size_t)(newline - begin));
        lines->skips = false;
        begin = newline + 1;
    }
    lines->filled = (size_t)(end - begin);
    memmove(lines->received, begin, lines->filled);
    if (lines->filled == sizeof lines->received) {
        if (!lines->skips)
            got(ctx, NULL, 0);
        lines->skips = true;
        lines->filled = 0;
    }
}

bool lines_read(struct lines *lines, lines_got *got, void *ctx)
{
    for (size_t taken = 0; taken < LINES_MAX_TURN;) {
        ssize_t size = read(lines->fd, lines->received + lines->filled,
                            sizeof lines->received - lines->filled);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        if (size == 0)
            return false;
        taken += (size_t)size;
        lines->filled += (size_t)size;
        lines_split(lines, got, ctx);
    }
    return true;
}

void lines_put(struct lines *lines, const char *line)
{
    size_t size = strlen(line), needed = lines->unsent_size + size + 1;

    if (needed > LINES_MAX_UNSENT)
        return;
    if (needed > lines->unsent_room) {
        char *more = realloc(lines->unsent, needed * 2);

        if (!more)
            return;
        lines->unsent = more;
        lines->unsent_room = needed * 2;
    }
    memcpy(lines->unsent + lines->unsent_size, line, size);
    lines->unsent[lines->unsent_size + size] = '\n';
    lines->unsent_size = needed;
}

void lines_write(struct lines *lines)
{
    size_t sent = 0;

    while (sent < lines->unsent_size) {
        ssize_t size = write(lines->fd, lines->unsent + sent, lines->unsent_size - sent);

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        sent += (size_t)size;
    }
    if (sent == 0)
        return;
    lines->midway = lines->unsent[sent - 1] != '\n';
    lines->unsent_size -= sent;
    memmove(lines->unsent, lines->unsent + sent, lines->unsent_size);
}

void lines_forget_unsent(struct lines *lines)
{
    const char *end = lines->midway ? memchr(lines->unsent, '\n', lines->unsent_size) : NULL;

    lines->unsent_size = end ? (size_t)(end - lines->unsent) + 1 : 0;
}

void lines_forget_received(struct lines *lines)
{
    lines->filled = 0;
    lines->skips = false;
}

void lines_reset(struct lines *lines)
{
    lines_forget_received(lines);
    lines_forget_unsent(lines);
}
