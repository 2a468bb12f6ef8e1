#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void channel_init(struct channel *channel)
{
    channel->fd = -1;
    channel->first = NULL;
    channel->last = &channel->first;
}

int channel_connect(struct channel *channel, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, rc = 0;

    if (strlen(path) >= sizeof address.sun_path)
        return -EINVAL;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        rc = -errno;
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    channel->fd = fd;
    channel->lines.fd = fd;
    lines_reset(&channel->lines);
    return 0;
}

static void channel_drop(struct channel *channel, struct message **link)
{
    struct message *message = *link;

    *link = message->next;
    if (!message->next)
        channel->last = link;
    free(message);
}

void channel_close(struct channel *channel)
{
    while (channel->first)
        channel_drop(channel, &channel->first);
    if (channel->fd >= 0)
        (void)close(channel->fd);
    channel->fd = -1;
}

void channel_free(struct channel *channel)
{
    channel_close(channel);
    free(channel->lines.unsent);
}

int channel_send(struct channel *channel, int64_t number, json *line)
{
    const char *text = line ? json_words(line) : "";
    size_t size = text ? strlen(text) : 0;
    struct message *message;

    if (channel->fd < 0)
        return -ENOTCONN;
    message = text ? malloc(sizeof *message + size + 1) : NULL;
    if (!message)
        return -ENOMEM;
    message->next = NULL;
    message->number = number;
    message->size = size + 1;
    message->sent = 0;
    memcpy(message->text, text, size);
    message->text[size] = '\n';
    *channel->last = message;
    channel->last = &message->next;
    (void)channel_flush(channel); /* a loss is seen by whoever reads */
    return 0;
}

bool channel_take_back(struct channel *channel, int64_t number)
{
    for (struct message **link = &channel->first; *link; link = &(*link)->next) {
        if ((*link)->number != number)
            continue;
        if ((*link)->sent != 0)
            return false;
        channel_drop(channel, link);
        return true;
    }
    return false;
}

bool channel_flush(struct channel *channel)
{
    while (channel_has_more(channel)) {
        struct message *message = channel->first;
        ssize_t size = send(channel->fd, message->text + message->sent,
                            message->size - message->sent, MSG_NOSIGNAL);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        message->sent += (size_t)size;
        if (message->sent < message->size)
            return true;
        message->text[message->size - 1] = '\0'; /* the newline */
        if (channel->sent)
            channel->sent(channel->ctx, message->text);
        channel_drop(channel, &channel->first);
    }
    return true;
}

bool channel_has_more(const struct channel *channel)
{
    return channel->first && (channel->first->number == 0 || !channel->held);
}
