/* What the two processes say to each other. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uuid/uuid.h>

enum verb { VERB_MAP, VERB_UNMAP };

struct request {
    enum verb verb;
    uuid_t reservation;
};

struct answer {
    int result;
    char guest_path[64];
};

/* All bytes, or false: the other end is gone. */
bool wire_send(int socket, const void *bytes, size_t size);
bool wire_receive(int socket, void *bytes, size_t size);

#endif
