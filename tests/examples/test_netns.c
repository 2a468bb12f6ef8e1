/*
 * The hooks of examples/netns and the kernel, in namespaces of their own. Where a test says so, a
 * request does not get to the kernel, or its answer is lost: the linker gives this file the calls
 * of send() and recv().
 */
#define _GNU_SOURCE /* setns, mkdtemp */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "netns/host.h"
#include "netns/netlink.h"
#include "netns/sandbox.h"

enum { FOREIGN = 7 }; /* a mark of somebody else */

static struct {
    netns *manager; /* of the test that runs */
    unsigned links; /* that the kernel had before it */
    int free_file;  /* the next one that would be opened */
    int inside;     /* file of a namespace */
    char path[32];  /* of that file */
} test;

static _Thread_local unsigned unsent;   /* bit n: the request after n more is not sent */
static _Thread_local unsigned lost;     /* bit n: the answer after n more is lost */
static _Thread_local unsigned rounds;   /* unless 0: each answer may be lost, at random */
static _Thread_local uint32_t randomly; /* the seed */

static uint32_t next_random(void)
{
    randomly = randomly * 1664525u + 1013904223u;
    return randomly >> 16;
}

ssize_t __real_recv(int file, void *buffer, size_t size, int flags);
ssize_t __wrap_recv(int file, void *buffer, size_t size, int flags);

ssize_t __wrap_recv(int file, void *buffer, size_t size, int flags)
{
    const ssize_t received = __real_recv(file, buffer, size, flags);
    const bool drop = (lost & 1) || (rounds > 0 && next_random() % 16 == 0);

    lost >>= 1;
    if (!drop)
        return received;
    errno = ENOBUFS; /* as if the kernel had had no memory for it */
    return -1;
}

ssize_t __real_send(int file, const void *buffer, size_t size, int flags);
ssize_t __wrap_send(int file, const void *buffer, size_t size, int flags);

ssize_t __wrap_send(int file, const void *buffer, size_t size, int flags)
{
    const bool fails = unsent & 1;

    unsent >>= 1;
    if (!fails)
        return __real_send(file, buffer, size, flags);
    errno = ENOMEM;
    return -1;
}

static int find_free_file(void)
{
    const int file = dup(STDOUT_FILENO);

    (void)close(file);
    return file;
}

static unsigned count_links(void)
{
    struct if_nameindex *const links = if_nameindex();
    unsigned n = 0;

    while (links && links[n].if_index != 0)
        n++;
    if_freenameindex(links);
    return n;
}

/* How many links a namespace has. */
static unsigned count_links_in(int file)
{
    const int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    unsigned n;

    assert_int_equal(setns(file, CLONE_NEWNET), 0);
    n = count_links();
    assert_int_equal(setns(own, CLONE_NEWNET), 0);
    (void)close(own);
    return n;
}

static bool is_there(const char *name)
{
    return if_nametoindex(name) != 0;
}

static void delete_by_name(const char *name)
{
    assert_int_equal(link_delete((int)if_nametoindex(name)), 0);
}

/* Moves a link into another namespace. Returns 0, or a negative errno value. */
static int move_link(const char *name, int file)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        struct rtattr attribute;
        int file;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .link = {.ifi_index = (int)if_nametoindex(name)},
        .attribute = {.rta_len = RTA_LENGTH(sizeof(int)), .rta_type = IFLA_NET_NS_FD},
        .file = file,
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer = {.error.error = -EIO};
    const int rtnetlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    assert_true(send(rtnetlink, &request, sizeof request, 0) > 0);
    assert_true(__real_recv(rtnetlink, &answer, sizeof answer, 0) > 0);
    (void)close(rtnetlink);
    return answer.error.error;
}

/* A port leaves its bridge, if it is up and there. */
static bool leaves_bridge(const char *bridge, const char *port)
{
    struct ifreq request = {0};
    const int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up;
    bool left;

    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", port);
    up = ioctl(file, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", bridge);
    request.ifr_ifindex = (int)if_nametoindex(port);
    left = ioctl(file, SIOCBRDELIF, &request) == 0;
    (void)close(file);
    return up && left;
}

static bool has_taps(void)
{
    const int file = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (file >= 0)
        return close(file) == 0;
    print_message("no taps to be had: /dev/net/tun: %s\n", strerror(errno));
    return false;
}

/* Each test has a manager, and a namespace with one link, lo. */
static int begin(void **state)
{
    (void)state;
    lost = 0;
    test.links = count_links();
    test.inside = sandbox_netns();
    assert_true(test.inside >= 0);
    (void)snprintf(test.path, sizeof test.path, "/proc/self/fd/%d", test.inside);
    test.free_file = find_free_file();
    return netns_create(NULL, &host_backend, NULL, &test.manager, NULL);
}

/* Each test ends with everything let go; then the kernel holds nothing. */
static int end(void **state)
{
    (void)state;
    assert_int_equal(netns_destroy(test.manager, NULL), 0);
    assert_int_equal(count_links(), test.links);
    assert_int_equal(find_free_file(), test.free_file);
    (void)close(test.inside);
    return 0;
}

static void reserve_at(const char *bridge, const netns_port_config *port, uuid_t id)
{
    const netns_bridge_config config = {.name = bridge};

    assert_int_equal(netns_reserve(test.manager, &config, port, id, NULL), 0);
}

/* A veth of br0 whose other end is `name`, too. */
static void reserve(const char *name, uuid_t id)
{
    reserve_at("br0", &(netns_port_config){.name = name, .path = test.path, .peer = name}, id);
}

static void reserve_tap(const char *name, uuid_t id)
{
    reserve_at("br0", &(netns_port_config){.name = name, .kind = NETNS_PORT_KIND_TAP}, id);
}

static void map(const uuid_t id, int wanted)
{
    assert_int_equal(netns_map(test.manager, id, NULL), wanted);
}

static void unmap(const uuid_t id, int wanted)
{
    assert_int_equal(netns_unmap(test.manager, id, NULL), wanted);
}

/* What belongs to somebody else. */

static void bridge_of_somebody_else_is_refused_and_stays(void **state)
{
    (void)state;
    uuid_t id;

    assert_int_equal(link_add_bridge("br0", FOREIGN), 0);
    reserve("p0", id);
    map(id, -EEXIST);
    assert_false(is_there("p0"));
    unmap(id, 0);
    assert_true(link_find("br0", FOREIGN) > 0);

    reserve("p0", id);
    map(id, -EEXIST);
    delete_by_name("br0");
    map(id, 0);
    assert_true(is_there("p0"));
    unmap(id, 0);
}

static void port_of_another_bridge_is_refused_and_stays(void **state)
{
    (void)state;
    const netns_port_config same = {.name = "p0", .path = test.path, .peer = "other"};
    uuid_t first;
    uuid_t second;

    reserve("p0", first);
    map(first, 0);
    reserve_at("br1", &same, second);
    map(second, -EEXIST);
    unmap(second, 0);
    assert_false(is_there("br1"));
    assert_true(leaves_bridge("br0", "p0"));
    unmap(first, 0);
}

static void link_that_took_the_name_of_a_port_stays(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    delete_by_name("p0");
    assert_int_equal(link_add_bridge("p0", FOREIGN), 0);
    unmap(id, 0);
    assert_true(link_find("p0", FOREIGN) > 0);
    delete_by_name("p0");
}

static void bridge_that_took_the_name_gets_no_ports(void **state)
{
    (void)state;
    uuid_t first;
    uuid_t second;

    reserve("p0", first);
    map(first, 0);
    delete_by_name("br0");
    assert_int_equal(link_add_bridge("br0", FOREIGN), 0);
    reserve("p1", second);
    map(second, -ENODEV);
    assert_false(is_there("p1"));
    unmap(second, 0);
    unmap(first, 0);
    assert_true(link_find("br0", FOREIGN) > 0);
    delete_by_name("br0");
}

static void taken_name_of_the_other_end_leaves_nothing(void **state)
{
    (void)state;
    const netns_port_config same = {.name = "p1", .path = test.path, .peer = "p0"};
    uuid_t first;
    uuid_t second;

    reserve("p0", first);
    map(first, 0);
    reserve_at("br0", &same, second);
    map(second, -EEXIST);
    assert_false(is_there("p1"));
    unmap(second, 0);
    unmap(first, 0);
}

/* What the kernel refuses. */

static void missing_namespace_fails_until_it_is_there(void **state)
{
    (void)state;
    const int later = 200;
    const netns_port_config port = {.name = "p0", .path = "/proc/self/fd/200", .peer = "e0"};
    uuid_t id;

    reserve_at("br0", &port, id);
    map(id, -ENOENT);
    assert_true(is_there("br0"));
    assert_int_equal(dup2(test.inside, later), later);
    map(id, 0);
    assert_int_equal(count_links_in(test.inside), 2);
    (void)close(later);
    unmap(id, 0);
}

static void path_of_something_else_is_refused(void **state)
{
    (void)state;
    uuid_t id;

    reserve_at("br0", &(netns_port_config){.name = "p0", .path = "/dev/null", .peer = "e0"}, id);
    map(id, -EINVAL);
    unmap(id, 0);
}

static void fifo_does_not_hang(void **state)
{
    (void)state;
    char folder[] = "/tmp/netns-XXXXXX";
    char fifo[sizeof folder + sizeof "/fifo"];
    uuid_t id;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    reserve_at("br0", &(netns_port_config){.name = "p0", .path = fifo, .peer = "e0"}, id);
    (void)alarm(20);
    map(id, -EINVAL);
    (void)alarm(0);
    unmap(id, 0);
    (void)unlink(fifo);
    (void)rmdir(folder);
}

static void names_that_the_kernel_refuses_or_expands(void **state)
{
    (void)state;
    static const char *const names[] = {"a/b", "a b", "..", "p%d"};
    uuid_t id;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        reserve(names[i], id);
        map(id, -EINVAL);
        assert_int_equal(count_links(), test.links + 1); /* the bridge */
        unmap(id, 0);
        reserve_at(names[i], &(netns_port_config){.name = "p0", .path = test.path, .peer = "e0"},
                   id);
        map(id, -EINVAL);
        assert_int_equal(count_links(), test.links);
        unmap(id, 0);
    }
}

/* What vanishes. */

static void port_deleted_by_somebody_can_be_unmapped(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    delete_by_name("p0");
    unmap(id, 0);
    assert_false(is_there("br0"));
    assert_int_equal(link_delete(INT_MAX), 0); /* it went after the hook had found it */
}

static void bridge_deleted_by_somebody_can_be_unmapped(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    delete_by_name("br0");
    unmap(id, 0);
    assert_false(is_there("p0"));
}

static void namespace_vanishes_between_map_and_unmap(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    (void)close(test.inside);
    for (int i = 0; is_there("p0") && i < 2000; i++)
        (void)usleep(10000); /* the kernel takes its time */
    assert_false(is_there("p0"));
    unmap(id, 0);
    test.inside = sandbox_netns();
}

static void other_end_that_moved_goes_with_the_port(void **state)
{
    (void)state;
    const int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    const int elsewhere = sandbox_netns();
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    assert_int_equal(setns(test.inside, CLONE_NEWNET), 0);
    assert_int_equal(move_link("p0", elsewhere), 0);
    assert_int_equal(setns(own, CLONE_NEWNET), 0);
    assert_int_equal(count_links_in(elsewhere), 2);
    unmap(id, 0);
    assert_int_equal(count_links_in(elsewhere), 1);
    (void)close(elsewhere);
    (void)close(own);
}

static void port_that_moved_belongs_to_who_moved_it(void **state)
{
    (void)state;
    const int elsewhere = sandbox_netns();
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    assert_int_equal(move_link("p0", elsewhere), 0);
    unmap(id, 0);
    assert_int_equal(count_links_in(elsewhere), 2);
    (void)close(elsewhere);
}

/* Answers that are lost. */

static void bridge_whose_answer_was_lost_is_found(void **state)
{
    (void)state;
    unsigned index;
    uuid_t id;

    reserve("p0", id);
    lost = 1; /* that of making the bridge */
    map(id, -EIO);
    index = if_nametoindex("br0");
    assert_int_not_equal(index, 0);
    map(id, 0);
    assert_int_equal(if_nametoindex("br0"), index);
    assert_true(leaves_bridge("br0", "p0"));
    unmap(id, 0);
}

static void port_whose_answer_was_lost_is_found(void **state)
{
    (void)state;
    unsigned index;
    uuid_t id;

    reserve("p0", id);
    lost = 1u << 2; /* after making the bridge and looking for it */
    map(id, -EIO);
    index = if_nametoindex("p0");
    assert_int_not_equal(index, 0);
    map(id, 0);
    assert_int_equal(if_nametoindex("p0"), index);
    unmap(id, 0);
}

static void links_whose_answer_was_lost_are_deleted(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    lost = 1;
    map(id, -EIO);
    unmap(id, 0);
    assert_false(is_there("br0"));

    reserve("p0", id);
    lost = 1u << 2;
    map(id, -EIO);
    unmap(id, 0);
    assert_false(is_there("p0"));
}

static void refusal_that_was_lost_touches_no_bridge_of_somebody_else(void **state)
{
    (void)state;
    uuid_t id;

    assert_int_equal(link_add_bridge("br0", FOREIGN), 0);
    reserve("p0", id);
    lost = 1;
    map(id, -EIO);
    map(id, -EEXIST);
    lost = 1;
    map(id, -EIO);
    unmap(id, 0);
    assert_true(link_find("br0", FOREIGN) > 0);
    delete_by_name("br0");
}

static void refusal_that_was_lost_touches_no_port_of_another_bridge(void **state)
{
    (void)state;
    const netns_port_config same = {.name = "p0", .path = test.path, .peer = "other"};
    uuid_t first;
    uuid_t second;

    reserve("p0", first);
    map(first, 0);
    reserve_at("br1", &same, second);
    lost = 1u << 2;
    map(second, -EIO);
    map(second, -EEXIST);
    unmap(second, 0);
    assert_true(leaves_bridge("br0", "p0"));
    unmap(first, 0);
}

static void request_that_is_not_sent_changes_nothing(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    unsent = 1;
    map(id, -ENOMEM);
    assert_int_equal(count_links(), test.links);
    unsent = 1u << 1; /* looking for the bridge, after it was made */
    map(id, -ENOMEM);
    unsent = 1u << 1; /* making the port, after that */
    map(id, -ENOMEM);
    map(id, 0);
    unsent = 1;
    unmap(id, -ENOMEM);
    assert_true(is_there("p0"));
    unmap(id, 0);
}

static void lost_answer_to_a_question_decides_nothing(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    lost = 3; /* of making the bridge; of looking for it, in the next call */
    map(id, -EIO);
    map(id, -EIO);
    map(id, 0);
    unmap(id, 0);
}

static void unmap_whose_answer_was_lost_goes_on(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    lost = 1; /* of looking for the port: nothing has happened */
    unmap(id, -EIO);
    assert_true(is_there("p0"));
    lost = 1u << 1; /* of deleting it */
    unmap(id, -EIO);
    assert_false(is_there("p0"));
    lost = 1u << 2; /* of deleting the bridge, after looking for both */
    unmap(id, -EIO);
    assert_false(is_there("br0"));
    unmap(id, 0);
}

/* Taps. */

static void tap_lives_until_unmap(void **state)
{
    (void)state;
    uuid_t id;

    if (!has_taps())
        skip();
    reserve_tap("t0", id);
    map(id, 0);
    assert_true(leaves_bridge("br0", "t0"));
    unmap(id, 0);
    assert_false(is_there("t0"));
}

static void tap_that_fails_is_gone(void **state)
{
    (void)state;
    uuid_t id;

    if (!has_taps())
        skip();
    reserve_tap("t0", id);
    lost = 1u << 2; /* of putting it into the bridge */
    map(id, -EIO);
    assert_false(is_there("t0"));
    map(id, 0);
    unmap(id, 0);
}

static void tap_with_a_taken_or_bad_name_is_refused(void **state)
{
    (void)state;
    uuid_t id;

    if (!has_taps())
        skip();
    assert_int_equal(link_add_bridge("t0", FOREIGN), 0);
    reserve_tap("t0", id);
    map(id, -EBUSY);
    unmap(id, 0);
    assert_true(link_find("t0", FOREIGN) > 0);
    delete_by_name("t0");
    reserve_tap("t%d", id);
    map(id, -EINVAL);
    unmap(id, 0);
}

/* Sharing. */

static void port_and_bridge_stay_until_the_last_holder_unmaps(void **state)
{
    (void)state;
    uuid_t first;
    uuid_t second;
    uuid_t third;

    reserve("p0", first);
    reserve("p0", second);
    reserve("p1", third);
    map(first, 0);
    map(second, 0);
    map(third, 0);
    unmap(first, 0);
    assert_true(is_there("p0"));
    unmap(second, 0);
    assert_false(is_there("p0"));
    assert_true(leaves_bridge("br0", "p1"));
    unmap(third, 0);
}

static void drain_deletes_everything(void **state)
{
    (void)state;
    uuid_t id;

    reserve("p0", id);
    map(id, 0);
    reserve("p1", id);
    map(id, 0);
    assert_int_equal(netns_drain(test.manager, BERTH_NO_DEADLINE, NULL), 0);
}

enum { THREADS = 4, ROUNDS = 40 };

static atomic_uint wrong, mapped;
static bool taps;

/* An answer was lost, or somebody deleted the bridge or the tap meanwhile. */
static bool may_come(int error)
{
    return error == -EIO || error == -ENODEV || error == -EINVAL || error == -EBADFD ||
           error == -ENOENT; /* of the path that leads nowhere */
}

/* Six ports of two bridges. Of each bridge one is a tap; the path of one leads nowhere. */
static void use_port(unsigned number)
{
    const char bridge[] = {'b', (char)('0' + number % 2), '\0'};
    const char name[] = {'p', (char)('0' + number), '\0'};
    const netns_port_config port = {.name = name,
                                    .kind = taps && number < 2 ? NETNS_PORT_KIND_TAP
                                                               : NETNS_PORT_KIND_VETH,
                                    .path = number == 5 ? "/nowhere" : test.path,
                                    .peer = name};
    unsigned tries = 0;
    uuid_t id;

    if (netns_reserve(test.manager, &(netns_bridge_config){.name = bridge}, &port, id, NULL) < 0) {
        wrong++;
        return;
    }
    for (unsigned i = next_random() % 3; i > 0; i--) {
        const int rc = netns_map(test.manager, id, NULL);

        mapped += rc == 0;
        wrong += rc != 0 && !may_come(rc);
    }
    if (next_random() % 8 == 0) /* as somebody else would */
        (void)link_delete((int)if_nametoindex(next_random() % 4 == 0 ? bridge : name));
    while (netns_unmap(test.manager, id, NULL) < 0 && tries < 100)
        tries++;
    wrong += tries == 100;
}

static void *use_ports(void *seed)
{
    randomly = *(const uint32_t *)seed;
    for (rounds = ROUNDS; rounds > 0; rounds--)
        use_port(next_random() % 6);
    return NULL;
}

static void threads_leave_nothing_behind(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    uint32_t seeds[THREADS];

    taps = has_taps();
    for (uint32_t i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, use_ports, &seeds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    assert_true(mapped > THREADS * ROUNDS / 4);
    assert_int_equal(count_links_in(test.inside), 1);
}

static void namespaces_are_to_be_had(void **state)
{
    (void)state;
    skip();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest none[] = {cmocka_unit_test(namespaces_are_to_be_had)};
    const struct CMUnitTest tests[] = {
        TEST(bridge_of_somebody_else_is_refused_and_stays),
        TEST(port_of_another_bridge_is_refused_and_stays),
        TEST(link_that_took_the_name_of_a_port_stays),
        TEST(bridge_that_took_the_name_gets_no_ports),
        TEST(taken_name_of_the_other_end_leaves_nothing),
        TEST(missing_namespace_fails_until_it_is_there),
        TEST(path_of_something_else_is_refused),
        TEST(fifo_does_not_hang),
        TEST(names_that_the_kernel_refuses_or_expands),
        TEST(port_deleted_by_somebody_can_be_unmapped),
        TEST(bridge_deleted_by_somebody_can_be_unmapped),
        TEST(namespace_vanishes_between_map_and_unmap),
        TEST(other_end_that_moved_goes_with_the_port),
        TEST(port_that_moved_belongs_to_who_moved_it),
        TEST(bridge_whose_answer_was_lost_is_found),
        TEST(port_whose_answer_was_lost_is_found),
        TEST(links_whose_answer_was_lost_are_deleted),
        TEST(refusal_that_was_lost_touches_no_bridge_of_somebody_else),
        TEST(refusal_that_was_lost_touches_no_port_of_another_bridge),
        TEST(request_that_is_not_sent_changes_nothing),
        TEST(lost_answer_to_a_question_decides_nothing),
        TEST(unmap_whose_answer_was_lost_goes_on),
        TEST(tap_lives_until_unmap),
        TEST(tap_that_fails_is_gone),
        TEST(tap_with_a_taken_or_bad_name_is_refused),
        TEST(port_and_bridge_stay_until_the_last_holder_unmaps),
        TEST(drain_deletes_everything),
        TEST(threads_leave_nothing_behind),
    };

    if (sandbox_enter() < 0)
        return cmocka_run_group_tests_name("netns", none, NULL, NULL);
    return cmocka_run_group_tests_name("netns", tests, NULL, NULL);
}
