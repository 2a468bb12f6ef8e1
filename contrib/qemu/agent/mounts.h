/* Mounting, unmounting, and what is mounted. All paths are absolute, without "." and "..". */
#ifndef AGENT_MOUNTS_H
#define AGENT_MOUNTS_H

#include <stdbool.h>

struct json_object;

/* A mount that is wanted. */
struct mount_wish {
    const char *source;          /* a node below /dev, or the tag of a share */
    const char *path;            /* made, with all folders above */
    const char *type;            /* "": each type of file system that the kernel knows */
    struct json_object *options; /* texts; NULL: none */
    bool read_only;
};

/* All return 0 or a negative errno value, those that ask also 1 for yes. */
int mounts_add(const struct mount_wish *wish);

/* A link to the node instead of a file system. */
int mounts_link(const char *node, const char *path);

/* Unmounts path, or takes away the link; 0 when there is neither. */
int mounts_remove(const char *path);

/* Is something mounted at path, or a link there? */
int mounts_have(const char *path);

/* Is the device of this number, "8:1", mounted? */
int mounts_have_device(const char *number);

/* Adds an array "mounts": the paths below /run/mounts. */
int mounts_list(struct json_object *answer);

/* Absolute, without empty parts, "." and "..". */
bool is_clean_path(const char *path);

#endif
