/* A thread that serves a unix socket as a test tells it, in place of the guest or of a monitor. */
#ifndef QEMU_TESTS_PEER_H
#define QEMU_TESTS_PEER_H

#include <stdbool.h>

enum peer_kind {
    PEER_AGENT,
    PEER_QMP,
    PEER_MUTE,   /* says nothing at all, and does not greet */
    PEER_WRONG,  /* greets as something else does */
    PEER_CLOSED, /* closes each connection */
};

enum peer_way {
    PEER_OK,
    PEER_REFUSES,
    PEER_UNSURE,   /* refuses, and it may have had an effect */
    PEER_SILENT,   /* never answers */
    PEER_LATE,     /* answers when peer_release is called */
    PEER_GARBAGE,  /* lines that are none, one for a request that was never made, then the answer */
    PEER_HANGS_UP, /* closes the connection */
    PEER_SAYS      /* a line that the test gives */
};

struct peer;

/* As QMP, device_del is followed by its event, where it is answered with PEER_OK. */
struct peer *peer_start(const char *path, enum peer_kind kind);
void peer_end(struct peer *peer);

/* How requests are answered from now on. `text`: name of an errno value, or the line with one %lld
 * for the number of the request; NULL: EIO. */
void peer_answers(struct peer *peer, enum peer_way way, const char *text);

/* The same of those in which this text stands; "" : no longer. */
void peer_answers_to(struct peer *peer, const char *part, enum peer_way way, const char *text);

/* Agents: is hello answered? If not, not before peer_hello. */
void peer_keep_quiet(struct peer *peer);
void peer_hello(struct peer *peer);

/* Says a line, as it is; sends what is late. */
void peer_say(struct peer *peer, const char *line);
void peer_release(struct peer *peer);

/* How many lines came with this text in them; waits, seconds at most, for that many. */
unsigned peer_heard(struct peer *peer, const char *part);
bool peer_hears(struct peer *peer, const char *part, unsigned count);

#endif
