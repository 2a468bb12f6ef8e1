/*
 * uuid_t and the few functions on it that Berth needs: libuuid's, or, with BERTH_NO_LIBUUID, their
 * like here for machines without it. Programs and the library must be compiled alike.
 */
#ifndef BERTH_UUID_H
#define BERTH_UUID_H

#ifndef BERTH_NO_LIBUUID

#include <uuid/uuid.h>

#else

#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned char uuid_t[16];

/* Length of a UUID as text, with the NUL. */
#define UUID_STR_LEN 37

static inline void uuid_clear(uuid_t uuid)
{
    memset(uuid, 0, sizeof(uuid_t));
}

static inline void uuid_copy(uuid_t to, const uuid_t from)
{
    memcpy(to, from, sizeof(uuid_t));
}

/* 0: they are equal. */
static inline int uuid_compare(const uuid_t a, const uuid_t b)
{
    return memcmp(a, b, sizeof(uuid_t));
}

/* 1: it is the nil UUID. */
static inline int uuid_is_null(const uuid_t uuid)
{
    static const uuid_t nil = {0};

    return uuid_compare(uuid, nil) == 0;
}

/* Writes it as 8-4-4-4-12 hexadecimal digits, the letters small, and a NUL: UUID_STR_LEN bytes. */
static inline void uuid_unparse_lower(const uuid_t uuid, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < sizeof(uuid_t); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 15];
    }
    *out = '\0';
}

#ifdef __cplusplus
}
#endif
#endif
#endif
