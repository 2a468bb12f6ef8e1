/*
 * Links of the kernel (bridges, veth pairs, taps), by rtnetlink. Nothing but libc is needed.
 *
 * A link is found by its name and its mark, a number that is its group (IFLA_GROUP). Somebody else
 * may make a link of the same name; it has another mark.
 *
 * Each function works in the network namespace of the thread that calls it, and needs
 * CAP_NET_ADMIN there. Functions that change something return what a hook may return: 0, a negative
 * errno value if nothing has changed, or BERTH_UNCERTAIN() if the kernel's answer is lost.
 */
#ifndef NETNS_NETLINK_H
#define NETNS_NETLINK_H

#include <stdint.h>

/* Makes a link that is up. It is there as a whole, or not at all. A name with % is -EINVAL. */
int link_add_bridge(const char *name, uint32_t mark);
/* `master` is the index of its bridge. `file` is the network namespace of the other end, `peer`. */
int link_add_veth(const char *name, uint32_t mark, int master, const char *peer, int file);
/* The tap stays until it is deleted. */
int link_add_tap(const char *name, uint32_t mark, int master);

/* The index of the link; 0 if there is none with this name and mark; or a negative errno value. */
int link_find(const char *name, uint32_t mark);

/* Succeeds if it is gone already. One end of a veth pair takes the other one with it. */
int link_delete(int index);

#endif
