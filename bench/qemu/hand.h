/* The same calls of QMP for the same disks, as a program without a manager makes them. */
#ifndef BENCH_QEMU_HAND_H
#define BENCH_QEMU_HAND_H

/* Adds and removes `disks` disks, again and again, all at the same time, until `cycles` of them
 * have come and gone. 0, or a negative errno value. */
int hand_run(const char *qmp, unsigned disks, unsigned cycles);

#endif
