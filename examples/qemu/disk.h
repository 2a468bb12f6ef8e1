/* Disk images with one partition, for virtual machines. No root is needed. */
#ifndef EXAMPLE_DISK_H
#define EXAMPLE_DISK_H

/* Makes an image with an ext4 file system, which has one file, "hello", of this text. 0, or a
 * negative errno value. */
int disk_make(const char *image, const char *text);

/* Damages the file system of an image, and repairs it again. */
int disk_damage(const char *image);
int disk_repair(const char *image);

#endif
