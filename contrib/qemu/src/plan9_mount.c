#include "berth_qemu_plan9_mount.h"

#include <errno.h>
#include <stdio.h>

#include "share.h"

static struct subject of_share(const plan9_mount_share *share)
{
    struct subject subject = {.host = share->host_path, .port = -1, .read_only = share->read_only};

    /* Not the name that a share of the manager virtiofs has. */
    (void)snprintf(subject.name, sizeof subject.name, "plan9-%s", share->name);
    return subject;
}

static struct subject of_mount(const plan9_mount_mount *mount)
{
    struct subject subject = of_share(mount->share);

    subject.path = mount->guest_path;
    subject.read_only = mount->read_only;
    return subject;
}

/* virtiofsd shares whole folders. */
static int add_plan9(void *ctx, berth_call *call, const plan9_mount_share *share)
{
    const struct subject subject = of_share(share);

    return share->restrict_ ? -EOPNOTSUPP
                            : call_run_about(ctx, call, share_add_steps, &subject, false);
}

static int remove_plan9(void *ctx, berth_call *call, const plan9_mount_share *share)
{
    const struct subject subject = of_share(share);

    return call_run_about(ctx, call, share_remove_steps, &subject, false);
}

static int has_plan9(void *ctx, berth_call *call, const plan9_mount_share *share)
{
    const struct subject subject = of_share(share);

    return call_run_about(ctx, call, share_has_steps, &subject, true);
}

static int add_mapped_directory(void *ctx, berth_call *call, const plan9_mount_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, share_mount_steps, &subject, false);
}

static int remove_mapped_directory(void *ctx, berth_call *call, const plan9_mount_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, share_unmount_steps, &subject, false);
}

static int has_mapped_directory(void *ctx, berth_call *call, const plan9_mount_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, share_mounted_steps, &subject, true);
}

plan9_mount_backend berth_qemu_plan9_mount(berth_qemu *vm)
{
    return (plan9_mount_backend){
        .version = PLAN9_MOUNT_BACKEND_VERSION,
        .ctx = vm,
        .vm = {.add_plan9 = add_plan9, .remove_plan9 = remove_plan9, .has_plan9 = has_plan9},
        .guest = {.add_mapped_directory = add_mapped_directory,
                  .remove_mapped_directory = remove_mapped_directory,
                  .has_mapped_directory = has_mapped_directory},
    };
}
