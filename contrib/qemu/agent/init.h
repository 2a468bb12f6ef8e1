/* The first process of a guest prepares it here, before it serves. */
#ifndef AGENT_INIT_H
#define AGENT_INIT_H

/* Mounts /proc, /sys, /dev and /run, and loads the modules that /modules/order names. */
void init_guest(void);

/* Waits for the virtio-serial port of this name; a file descriptor, or a negative errno value. */
int init_port(const char *name);

#endif
