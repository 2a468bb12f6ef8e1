/* UUIDs within texts, as a format of a spec writes them. */
#ifndef UUID_TEXT_H
#define UUID_TEXT_H

#include <stdbool.h>
#include <string.h>

#include <berth/uuid.h>

enum { UUID_TEXT_LENGTH = 36 };

/* Does the text begin with a UUID in lower case? Stores it. */
static inline bool uuid_text_begins(const char *text, uuid_t out)
{
    char whole[UUID_TEXT_LENGTH + 1] = {0};

    for (size_t i = 0; i < UUID_TEXT_LENGTH; i++) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (text[i] == '\0' || strchr(dash ? "-" : "0123456789abcdef", text[i]) == NULL)
            return false;
        whole[i] = text[i];
    }
    return uuid_parse(whole, out) == 0;
}

#endif
