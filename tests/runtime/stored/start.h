/* What owners that are gone have left, and what is half released. */
static int look(void *arg, const berth_reservation *reservation)
{
    struct orphans *orphans = arg;

    if (!owner_is_alive(reservation->owner) || reservation->releasing)
        add_orphan(orphans, reservation->id);
    return 0;
}

/* Goes on after errors, and returns the first one. */
static int give_back_orphans(scsi *disks, int64_t deadline)
{
    struct orphans orphans = {0};
    int first = scsi_for_each_reservation(disks, look, &orphans);

    for (unsigned i = 0; i < orphans.count; i++) {
        int rc = scsi_unmap_from_guest_until(disks, orphans.ids[i], deadline, NULL);

        if (rc == -ENOENT)
            rc = 0; /* it is gone */
        if (first == 0)
            first = rc;
    }
    return first;
}

static int start(struct service *service, int64_t deadline)
{
    int rc, left;

    rc = scsi_open(NULL, &service->backend, NULL, service->store, &service->disks, NULL);
    if (rc < 0)
        return rc;                                     /* there is no manager */
    rc = scsi_recover(service->disks, deadline, NULL); /* an error is one of a hook */
    left = give_back_orphans(service->disks, deadline);
    return rc < 0 ? rc : left;
}
