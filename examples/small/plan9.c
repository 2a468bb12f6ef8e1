/* File shares on a small machine: one is added and removed. Returns 0, or where it went wrong. */
#include "board.h"
#include "plan9.h"

static unsigned char memory[PLAN9_ARENA_SIZE];
static berth_arena arena;

static int on_share(void *ctx, berth_call *call, const plan9_share *share)
{
    (void)ctx;
    (void)call;
    (void)share;
    return 0;
}

int main(void)
{
    static const plan9_backend backend = {.version = PLAN9_BACKEND_VERSION,
                                          .vm = {.add_plan9 = on_share, .remove_plan9 = on_share}};
    const plan9_share_config share = {.host_path = "/s/0"};
    plan9 *shares;
    char name[PLAN9_SHARE_NAME_SIZE];

    berth_arena_init(&arena, memory, sizeof memory);
    if (plan9_create(NULL, &backend,
                     &(berth_config){.allocator = &arena.allocator, .uuid = board_uuid}, &shares,
                     NULL) != 0)
        return 1;
    if (plan9_add_to_vm(shares, &share, name, sizeof name, NULL) != 0)
        return 2;
    if (plan9_remove_from_vm(shares, name, NULL) != 0)
        return 3;
    return plan9_destroy(shares, NULL) == 0 && arena.used == 0 ? 0 : 4;
}
