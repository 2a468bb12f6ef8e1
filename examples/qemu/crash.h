/* A program that is killed while its virtual machine runs on, and goes on in the next life. */
#ifndef EXAMPLE_CRASH_H
#define EXAMPLE_CRASH_H

/*
 * The arguments behind "crash": IMAGE, and any of
 *
 *   kills=N        that many lives are killed at random; without it one is, and the story is told
 *   seed=N         where the random numbers begin
 *   state=FILE     of a guest that was saved: it is restored, and not booted
 *   without=store  each kill loses the file of the store: then QEMU keeps what nobody knows of
 *   without=probes the backend cannot look what is there: then a life cannot go on with what it has
 *
 * The exit status: 0, if QEMU and the guest hold nothing in the end, and each life went on.
 */
int crash_main(int argc, char **argv);

#endif
