/* Network namespaces to play in, without root and without a trace on the machine. */
#ifndef NETNS_SANDBOX_H
#define NETNS_SANDBOX_H

/*
 * Moves this process into a user namespace and a network namespace of its own; as root, if there
 * are no user namespaces, into the latter alone. The process has one thread. On failure it stays
 * where it is, says why on stderr, and returns a negative errno value.
 */
int sandbox_enter(void);

/* A file of a new network namespace, which lasts until nothing uses it; or a negative errno. */
int sandbox_netns(void);

#endif
