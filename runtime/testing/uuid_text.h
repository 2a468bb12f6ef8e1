/* UUIDs within texts, as a format of a spec writes them. */
#ifndef UUID_TEXT_H
#define UUID_TEXT_H

#include <stdbool.h>
#include <string.h>

#include <berth/uuid.h>

enum { UUID_TEXT_LENGTH = 36 };

/* Does the text begin with a UUID in lower case? Stores it. Machines without libuuid do it too. */
static inline bool uuid_text_begins(const char *text, uuid_t out)
{
    static const char digits[] = "0123456789abcdef";
    unsigned n = 0;

    for (size_t i = 0; i < UUID_TEXT_LENGTH; i++) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char *digit = text[i] != '\0' ? strchr(dash ? "-" : digits, text[i]) : NULL;

        if (!digit)
            return false;
        if (dash)
            continue;
        if (n % 2 == 0)
            out[n / 2] = 0;
        out[n / 2] = (unsigned char)(out[n / 2] << 4 | (digit - digits));
        n++;
    }
    return true;
}

#endif
