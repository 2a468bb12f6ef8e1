/*
 * Anna and Ben share a bridge; each has a port that leads into a network namespace.
 *
 * Ben's namespace is not there yet, so the kernel refuses his port. Later the same call succeeds.
 * The bridge goes with the last of them. All this happens in namespaces of the program's own: it
 * needs neither root nor a virtual machine, and changes nothing outside. Ends with status 0 only if
 * the kernel holds nothing any more, and with 77 if there are no namespaces to be had.
 */
#define _POSIX_C_SOURCE 200809L /* dup2 */

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "host.h"
#include "sandbox.h"

/* Files of the two namespaces, which thus have paths. */
enum { ANNA = 100, BEN = 101 };

static bool as_told = true;

/* The manager calls this for every row. */
static void show_row(void *ctx, const berth_transition *row)
{
    (void)ctx;
    if (row->kind == BERTH_TRACE_ROW && row->hook)
        printf("    %s %s: %s: %s, %s -> %s\n", row->resource, row->key, row->hook,
               berth_errno_name(row->error), row->state, row->next);
}

struct caller {
    const char *name;
    netns_port_config port;
    uuid_t reservation;
};

static void show_result(const struct caller *who, const char *does, int result, int wanted,
                        const berth_error *error)
{
    char line[256];

    printf("%s %s: %s\n", who->name, does,
           result == 0 ? "ok" : berth_error_text(error, line, sizeof line));
    as_told = as_told && result == wanted;
}

/* Asks the kernel. Returns how many links there are, and prints those after the first `known`. */
static unsigned show_links(unsigned known)
{
    struct if_nameindex *const links = if_nameindex();
    unsigned n = 0;

    printf("    the kernel has:");
    for (; links && links[n].if_index != 0; n++)
        if (n >= known)
            printf(" %s", links[n].if_name);
    printf("%s\n", n > known ? "" : " nothing of ours");
    if_freenameindex(links);
    return n;
}

static void reserve(netns *ports, struct caller *who)
{
    const netns_bridge_config bridge = {.name = "br0"};
    berth_error error;
    const int result = netns_reserve(ports, &bridge, &who->port, who->reservation, &error);

    show_result(who, "reserves", result, 0, &error);
}

static void map(netns *ports, const struct caller *who, int wanted)
{
    berth_error error;
    const int result = netns_map(ports, who->reservation, &error);

    show_result(who, "maps", result, wanted, &error);
}

static void unmap(netns *ports, const struct caller *who)
{
    berth_error error;
    const int result = netns_unmap(ports, who->reservation, &error);

    show_result(who, "unmaps", result, 0, &error);
}

/* A new network namespace, as this file. */
static void make_netns(int file)
{
    const int made = sandbox_netns();

    as_told = as_told && made >= 0 && dup2(made, file) == file;
    (void)close(made);
}

int main(void)
{
    struct caller anna = {
        .name = "Anna",
        .port = {.name = "anna0", .path = "/proc/self/fd/100", .peer = "eth0"},
    };
    struct caller ben = {
        .name = "Ben",
        .port = {.name = "ben0", .path = "/proc/self/fd/101", .peer = "eth0"},
    };
    netns *ports;
    unsigned before;

    if (sandbox_enter() < 0)
        return 77;
    if (netns_create(NULL, &host_backend, &(berth_config){.trace = show_row}, &ports, NULL) < 0)
        return 1;
    before = show_links(UINT_MAX);

    make_netns(ANNA);
    reserve(ports, &anna);
    map(ports, &anna, 0);

    reserve(ports, &ben);
    map(ports, &ben, -ENOENT);
    make_netns(BEN);
    printf("Ben's namespace is made\n");
    map(ports, &ben, 0);
    (void)show_links(before);

    unmap(ports, &anna);
    (void)show_links(before);
    unmap(ports, &ben);
    as_told = show_links(before) == before && as_told;
    return netns_destroy(ports, NULL) == 0 && as_told ? 0 : 1;
}
