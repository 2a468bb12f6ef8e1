#define _GNU_SOURCE

#include "hand.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DISKS_MAX = 64, STEPS = 5 };

struct hand {
    int fd;
    FILE *from;
    unsigned cycles; /* left to begin */
    unsigned under_way;
    unsigned step[DISKS_MAX]; /* of each disk: which request was sent last */
    bool replied[DISKS_MAX], deleted[DISKS_MAX];
};

static int hand_send(struct hand *hand, const char *text, int size)
{
    return send(hand->fd, text, (size_t)size, MSG_NOSIGNAL) == size ? 0 : -EPIPE;
}

/* Sends the next request of a disk. */
static int hand_next(struct hand *hand, unsigned disk)
{
    char text[320];
    int size = 0;

    hand->step[disk]++;
    switch (hand->step[disk]) {
    case 1:
        size = snprintf(text, sizeof text,
                        "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"null-co\","
                        "\"size\":1048576,\"read-zeroes\":true,\"node-name\":\"node-%u\","
                        "\"read-only\":false},\"id\":%u}\n",
                        disk, disk);
        break;
    case 2:
        size = snprintf(text, sizeof text,
                        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"scsi-hd\","
                        "\"id\":\"disk-%u\",\"bus\":\"scsi0.0\",\"channel\":0,\"scsi-id\":0,"
                        "\"lun\":%u,\"drive\":\"node-%u\"},\"id\":%u}\n",
                        disk, disk, disk, disk);
        break;
    case 3:
        hand->replied[disk] = hand->deleted[disk] = false;
        size =
            snprintf(text, sizeof text,
                     "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk-%u\"},\"id\":%u}\n",
                     disk, disk);
        break;
    case 4:
        size = snprintf(text, sizeof text,
                        "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"node-%u\"},"
                        "\"id\":%u}\n",
                        disk, disk);
        break;
    default:
        hand->step[disk] = 0;
        hand->under_way--;
        if (hand->cycles == 0)
            return 0;
        hand->cycles--;
        hand->under_way++;
        return hand_next(hand, disk);
    }
    return hand_send(hand, text, size);
}

static const char *hand_text(struct json_object *object, const char *name)
{
    struct json_object *found = NULL;

    return object && json_object_object_get_ex(object, name, &found) ? json_object_get_string(found)
                                                                     : NULL;
}

/* A reply or an event: the disk goes on when what it waits for is there. */
static int hand_line(struct hand *hand, struct json_object *line)
{
    struct json_object *data = NULL, *id = NULL;
    const char *device;
    unsigned disk;

    if (json_object_object_get_ex(line, "error", &data))
        return -EIO;
    if (json_object_object_get_ex(line, "id", &id)) {
        disk = (unsigned)json_object_get_int(id);
        if (disk >= DISKS_MAX)
            return 0; /* of the greeting */
        hand->replied[disk] = true;
        if (hand->step[disk] == 3 && !hand->deleted[disk])
            return 0;
        return hand_next(hand, disk);
    }
    (void)json_object_object_get_ex(line, "data", &data);
    device = hand_text(data, "device");
    if (!device || strncmp(device, "disk-", 5) != 0)
        return 0;
    disk = (unsigned)strtoul(device + 5, NULL, 10);
    if (disk >= DISKS_MAX)
        return 0;
    hand->deleted[disk] = true;
    return hand->replied[disk] ? hand_next(hand, disk) : 0;
}

/* Reads lines until all cycles are over. */
static int hand_read(struct hand *hand)
{
    char *line = NULL;
    size_t room = 0;
    int rc = 0;

    while (rc == 0 && hand->under_way != 0) {
        struct json_object *parsed;

        if (getline(&line, &room, hand->from) <= 0) {
            rc = -EPIPE;
            break;
        }
        parsed = json_tokener_parse(line);
        rc = hand_line(hand, parsed);
        json_object_put(parsed);
    }
    free(line);
    return rc;
}

int hand_run(const char *qmp, unsigned disks, unsigned cycles)
{
    static const char hello[] = "{\"execute\":\"qmp_capabilities\",\"id\":1000}\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct hand hand = {.cycles = cycles};
    int rc;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", qmp);
    hand.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (hand.fd < 0 || connect(hand.fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    hand.from = fdopen(hand.fd, "r");
    if (!hand.from)
        return -errno;
    rc = hand_send(&hand, hello, (int)sizeof hello - 1);
    for (unsigned disk = 0; rc == 0 && disk < disks && hand.cycles != 0; disk++) {
        hand.cycles--;
        hand.under_way++;
        rc = hand_next(&hand, disk);
    }
    if (rc == 0)
        rc = hand_read(&hand);
    (void)fclose(hand.from);
    return rc;
}
