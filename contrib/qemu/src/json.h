/* Short forms of what json-c has long names for. */
#ifndef QEMU_JSON_H
#define QEMU_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct json_object json;

/* Add a member, and return the object. */
json *json_with(json *object, const char *name, json *value);
json *json_with_text(json *object, const char *name, const char *value);
json *json_with_number(json *object, const char *name, int64_t value);
json *json_with_bool(json *object, const char *name, bool value);

/* A member; NULL, or the value that stands for it, if it is missing or of another type. */
json *json_member(json *object, const char *name, json_type type);
const char *json_text(json *object, const char *name);
int64_t json_number(json *object, const char *name, int64_t otherwise);
bool json_flag(json *object, const char *name);

/* As text on one line, valid until the object changes. */
const char *json_words(json *object);

/* Parses one line; NULL unless it is an object, and nothing else. */
json *json_line(const char *text, size_t size);

#endif
