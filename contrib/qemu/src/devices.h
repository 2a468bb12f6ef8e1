/* Steps that disks, shares and PCI devices have in common. */
#ifndef QEMU_DEVICES_H
#define QEMU_DEVICES_H

#include "call.h"

/*
 * Unplugs a device: device_del, then DEVICE_DELETED. Then `rest` begins, with a reply of NULL
 * first, and ends the call; what it is given are the replies to its own requests. It begins again
 * when its request was refused because the device, taken away by an earlier try, has not gone yet.
 */
void device_remove(struct call *call, const struct reply *reply, const char *device,
                   call_steps *rest);

/* Is the device there? Answers BERTH_YES or BERTH_NO. */
void device_look(struct call *call, const struct reply *reply, const char *device);

/* Ends a call that was refused, in call->remembered, and whose first half was then taken back: as
 * failed, or as uncertain if that was refused too. */
void device_undone(struct call *call, const struct reply *reply);

/* Ends a call with the agent's answer. */
void device_answer(struct call *call, const struct reply *reply);

/* The same of a question whether something is mounted: BERTH_YES or BERTH_NO. */
void device_mounted(struct call *call, const struct reply *reply);

#endif
