#include "berth_qemu_virtiofs.h"

#include <stdio.h>

#include "share.h"

static struct subject of_share(const virtiofs_share *share)
{
    struct subject subject = {
        .host = share->host_path, .port = share->port, .read_only = share->read_only};

    (void)snprintf(subject.name, sizeof subject.name, "%s", share->tag);
    return subject;
}

static struct subject of_mount(const virtiofs_mount *mount)
{
    struct subject subject = of_share(mount->share);

    subject.path = mount->guest_path;
    subject.read_only = mount->read_only;
    return subject;
}

static int add_share(void *ctx, berth_call *call, const virtiofs_share *share)
{
    const struct subject subject = of_share(share);

    return call_run_about(ctx, call, share_add_steps, &subject, false);
}

static int remove_share(void *ctx, berth_call *call, const virtiofs_share *share)
{
    const struct subject subject = of_share(share);

    return call_run_about(ctx, call, share_remove_steps, &subject, false);
}

static int has_share(void *ctx, berth_call *call, const virtiofs_share *share)
{
    const struct subject subject = of_share(share);

    return call_run_about(ctx, call, share_has_steps, &subject, true);
}

static int guest_mount(void *ctx, berth_call *call, const virtiofs_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, share_mount_steps, &subject, false);
}

static int guest_unmount(void *ctx, berth_call *call, const virtiofs_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, share_unmount_steps, &subject, false);
}

static int guest_has_mount(void *ctx, berth_call *call, const virtiofs_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, share_mounted_steps, &subject, true);
}

virtiofs_backend berth_qemu_virtiofs(berth_qemu *vm)
{
    return (virtiofs_backend){
        .version = VIRTIOFS_BACKEND_VERSION,
        .ctx = vm,
        .vm = {.add_share = add_share, .remove_share = remove_share, .has_share = has_share},
        .guest = {.mount = guest_mount, .unmount = guest_unmount, .has_mount = guest_has_mount},
    };
}
