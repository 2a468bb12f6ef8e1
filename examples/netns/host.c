#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC */

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "netlink.h"

/* A mark is positive, because ip reads groups as int. It is never 0, the group of most links. */
static uint32_t mark_of(const uuid_t uuid)
{
    uint32_t mark;

    memcpy(&mark, uuid, sizeof mark);
    return (mark & INT32_MAX) | UINT32_C(0x40000000);
}

static int has(const char *name, const uuid_t mark)
{
    const int index = link_find(name, mark_of(mark));

    if (index < 0)
        return index;
    return index > 0 ? BERTH_YES : BERTH_NO;
}

/*
 * A name that now belongs to somebody else is left alone. Between the two requests the link may go,
 * but its index is not given to another one soon.
 */
static int remove_link(const char *name, const uuid_t mark)
{
    const int index = link_find(name, mark_of(mark));

    return index > 0 ? link_delete(index) : index;
}

/* The index of the bridge, and not of another one that has got its name. */
static int master_of(const netns_port *port)
{
    const int index = link_find(port->bridge->name, mark_of(port->bridge->mark));

    return index == 0 ? -ENODEV : index;
}

static int add_bridge(void *ctx, berth_call *call, const netns_bridge *bridge)
{
    (void)ctx;
    (void)call;
    return link_add_bridge(bridge->name, mark_of(bridge->mark));
}

static int has_bridge(void *ctx, berth_call *call, const netns_bridge *bridge)
{
    (void)ctx;
    (void)call;
    return has(bridge->name, bridge->mark);
}

static int remove_bridge(void *ctx, berth_call *call, const netns_bridge *bridge)
{
    (void)ctx;
    (void)call;
    return remove_link(bridge->name, bridge->mark);
}

static int add_veth(void *ctx, berth_call *call, const netns_port *port)
{
    const int master = master_of(port);
    int file;
    int rc;

    (void)ctx;
    (void)call;
    if (master < 0)
        return master;
    file = open(port->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* by mistake it is a FIFO */
    if (file < 0)
        return -errno;
    rc = link_add_veth(port->name, mark_of(port->mark), master, port->peer, file);
    (void)close(file);
    return rc;
}

static int add_tap(void *ctx, berth_call *call, const netns_port *port)
{
    const int master = master_of(port);

    (void)ctx;
    (void)call;
    return master < 0 ? master : link_add_tap(port->name, mark_of(port->mark), master);
}

static int has_port(void *ctx, berth_call *call, const netns_port *port)
{
    (void)ctx;
    (void)call;
    return has(port->name, port->mark);
}

static int remove_port(void *ctx, berth_call *call, const netns_port *port)
{
    (void)ctx;
    (void)call;
    return remove_link(port->name, port->mark);
}

const netns_backend host_backend = {
    .version = NETNS_BACKEND_VERSION,
    .host = {.add_bridge = add_bridge,
             .has_bridge = has_bridge,
             .remove_bridge = remove_bridge,
             .add_veth = add_veth,
             .add_tap = add_tap,
             .has_port = has_port,
             .remove_port = remove_port},
};
