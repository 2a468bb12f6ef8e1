#define _DEFAULT_SOURCE /* struct ifreq */

#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <berth/berth.h>

/* The attributes of the longest request, a veth pair, take 104 bytes. */
struct request {
    struct nlmsghdr header;
    struct ifinfomsg link;
    char attributes[104];
};

/* Larger than what the kernel tells about one link. */
union answer {
    struct nlmsghdr header;
    struct {
        struct nlmsghdr header;
        int error; /* 0 or a negative errno value */
    } status;      /* NLMSG_ERROR */
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        char attributes[16384];
    } found; /* RTM_NEWLINK */
};

enum { LOST = 1 };

static struct request new_request(int type, int flags, int index)
{
    return (struct request){
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                   .nlmsg_type = (uint16_t)type,
                   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
        .link = {.ifi_index = index},
    };
}

/* Appends an attribute. Returns its offset. */
static uint32_t put(struct request *request, int type, const void *data, size_t size)
{
    const uint32_t at = request->header.nlmsg_len;
    const struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(size),
                                     .rta_type = (uint16_t)type};

    memcpy((char *)request + at, &attribute, sizeof attribute);
    if (size > 0)
        memcpy((char *)request + at + RTA_LENGTH(0), data, size);
    request->header.nlmsg_len += (uint32_t)RTA_SPACE(size);
    return at;
}

/* All attributes since then are inside that one. */
static void close_nest(struct request *request, uint32_t at)
{
    const uint16_t length = (uint16_t)(request->header.nlmsg_len - at);

    memcpy((char *)request + at + offsetof(struct rtattr, rta_len), &length, sizeof length);
}

/* At most 16 bytes. The kernel refuses a name that does not end within them. */
static void put_name(struct request *request, int type, const char *name)
{
    const size_t length = strnlen(name, IFNAMSIZ);

    (void)put(request, type, name, length < IFNAMSIZ ? length + 1 : IFNAMSIZ);
}

static void put_number(struct request *request, int type, uint32_t number)
{
    (void)put(request, type, &number, sizeof number);
}

/* 0 with an answer, a negative errno value if nothing was asked, or LOST. */
static int exchange(const struct request *request, union answer *answer)
{
    const int file = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int rc = 0;

    memset(answer, 0, sizeof *answer);
    if (file < 0)
        return -errno;
    if (send(file, request, request->header.nlmsg_len, 0) < 0) {
        rc = -errno;
    } else {
        /* The kernel answers before send() returns. Without memory it does not answer at all. */
        const ssize_t size = recv(file, answer, sizeof *answer, MSG_DONTWAIT | MSG_TRUNC);

        if (size < (ssize_t)sizeof answer->status || size > (ssize_t)sizeof *answer)
            rc = LOST;
    }
    (void)close(file);
    return rc;
}

/* Has the kernel change something: 0, a negative errno value, or LOST. */
static int change(const struct request *request)
{
    union answer answer;
    const int rc = exchange(request, &answer);

    return rc == 0 ? answer.status.error : rc;
}

/* The same for a hook. */
static int outcome_of(int rc)
{
    return rc == LOST ? BERTH_UNCERTAIN(-EIO) : rc;
}

/* The kernel makes "tap%d" into "tap0". Nobody would find the link by its name. */
static bool is_pattern(const char *name)
{
    return strchr(name, '%') != NULL;
}

/* A request for a new link that is up. NLM_F_EXCL: a link that is there stays as it is. */
static struct request new_link(const char *name, uint32_t mark)
{
    struct request request = new_request(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0);

    request.link.ifi_flags = request.link.ifi_change = IFF_UP;
    put_name(&request, IFLA_IFNAME, name);
    put_number(&request, IFLA_GROUP, mark);
    return request;
}

int link_add_bridge(const char *name, uint32_t mark)
{
    struct request request = new_link(name, mark);
    const uint32_t info = put(&request, IFLA_LINKINFO, NULL, 0);

    (void)put(&request, IFLA_INFO_KIND, "bridge", sizeof "bridge");
    close_nest(&request, info);
    return is_pattern(name) ? -EINVAL : outcome_of(change(&request));
}

int link_add_veth(const char *name, uint32_t mark, int master, const char *peer, int file)
{
    struct request request = new_link(name, mark);
    const struct ifinfomsg other = {0}; /* down: it has nobody to be up with yet */
    uint32_t info, data, end;

    put_number(&request, IFLA_MASTER, (uint32_t)master);
    info = put(&request, IFLA_LINKINFO, NULL, 0);
    (void)put(&request, IFLA_INFO_KIND, "veth", sizeof "veth");
    data = put(&request, IFLA_INFO_DATA, NULL, 0);
    end = put(&request, VETH_INFO_PEER, &other, sizeof other);
    put_name(&request, IFLA_IFNAME, peer);
    put_number(&request, IFLA_NET_NS_FD, (uint32_t)file);
    close_nest(&request, end);
    close_nest(&request, data);
    close_nest(&request, info);
    return is_pattern(name) ? -EINVAL : outcome_of(change(&request));
}

/* A tap that goes when its file is closed. Returns its index. */
static int open_tap(int file, const char *name)
{
    struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};
    const size_t length = strnlen(name, IFNAMSIZ);
    unsigned index;

    if (length == IFNAMSIZ || is_pattern(name))
        return -EINVAL;
    memcpy(request.ifr_name, name, length);
    if (ioctl(file, TUNSETIFF, &request) < 0)
        return -errno;
    index = if_nametoindex(name);
    return index > 0 ? (int)index : -ENODEV;
}

static int set_up_tap(int index, uint32_t mark, int master)
{
    struct request request = new_request(RTM_NEWLINK, NLM_F_ACK, index);

    request.link.ifi_flags = request.link.ifi_change = IFF_UP;
    put_number(&request, IFLA_GROUP, mark);
    put_number(&request, IFLA_MASTER, (uint32_t)master);
    return change(&request);
}

/* The tap persists last. If a step fails, or its answer is lost, closing the file ends the tap. */
int link_add_tap(const char *name, uint32_t mark, int master)
{
    const int file = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int rc;

    if (file < 0)
        return -errno;
    rc = open_tap(file, name);
    if (rc >= 0)
        rc = set_up_tap(rc, mark, master);
    if (rc == 0 && ioctl(file, TUNSETPERSIST, 1) < 0)
        rc = -errno;
    (void)close(file);
    return rc == LOST ? -EIO : rc;
}

/* The group of a link; 0, which no mark is, without one. */
static uint32_t mark_in(const union answer *answer)
{
    const char *at = answer->found.attributes;
    const char *end = (const char *)answer + answer->header.nlmsg_len;
    struct rtattr attribute;
    uint32_t mark = 0;

    for (; end - at >= (ptrdiff_t)RTA_LENGTH(0); at += RTA_ALIGN(attribute.rta_len)) {
        memcpy(&attribute, at, sizeof attribute);
        if (attribute.rta_type == IFLA_GROUP)
            memcpy(&mark, at + RTA_LENGTH(0), sizeof mark);
    }
    return mark;
}

int link_find(const char *name, uint32_t mark)
{
    struct request request = new_request(RTM_GETLINK, 0, 0);
    union answer answer;
    int rc;

    put_name(&request, IFLA_IFNAME, name);
    rc = exchange(&request, &answer);
    if (rc != 0)
        return rc == LOST ? -EIO : rc;
    if (answer.header.nlmsg_type == NLMSG_ERROR)
        return answer.status.error == -ENODEV ? 0 : answer.status.error;
    return mark_in(&answer) == mark ? answer.found.link.ifi_index : 0;
}

int link_delete(int index)
{
    const struct request request = new_request(RTM_DELLINK, NLM_F_ACK, index);
    const int rc = change(&request);

    return rc == -ENODEV ? 0 : outcome_of(rc);
}
