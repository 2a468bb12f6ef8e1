#define _GNU_SOURCE /* unshare, setns */

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int sandbox_enter(void)
{
    int rc;

    /* No uid is mapped: links need capabilities, which come with the user namespace. */
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
        return 0;
    rc = -errno;
    if (unshare(CLONE_NEWNET) == 0)
        return 0;
    (void)fprintf(stderr,
                  "no network namespace to be had: %s; allow user namespaces (sysctl"
                  " user.max_user_namespaces=10000, on Ubuntu also"
                  " kernel.apparmor_restrict_unprivileged_userns=0), or run this as root\n",
                  strerror(-rc));
    return rc;
}

int sandbox_netns(void)
{
    static const char here[] = "/proc/thread-self/ns/net";
    const int own = open(here, O_RDONLY | O_CLOEXEC);
    int made = -1;
    int rc;

    if (own < 0)
        return -errno;
    if (unshare(CLONE_NEWNET) == 0)
        made = open(here, O_RDONLY | O_CLOEXEC);
    rc = made < 0 ? -errno : made;
    if (setns(own, CLONE_NEWNET) < 0) {
        rc = -errno;
        (void)close(made);
    }
    (void)close(own);
    return rc;
}
