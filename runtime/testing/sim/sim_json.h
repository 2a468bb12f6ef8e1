/* JSON as the simulator takes it: RFC 8259, and stricter than json-c, which reads it. */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include <json-c/json.h>
#include <stddef.h>

/* Deepest nesting that is read. No request needs more than five levels. */
#define SIM_JSON_DEPTH 16

/*
 * Reads one JSON text.
 *
 * Besides what RFC 8259 excludes, the following is refused, because json-c or a C string cannot
 * hold it: invalid UTF-8, lone surrogates, NUL characters in strings, integers beyond 64 bits,
 * members of one object with the same name, and nesting beyond SIM_JSON_DEPTH.
 *
 * text, length     need not be NUL-terminated
 * why              set to a static string that says what is wrong, when NULL is returned
 *
 * Returns an object that the caller puts (json_object_put), or NULL. JSON null as the whole text is
 * refused too.
 */
json_object *sim_json_read(const char *text, size_t length, const char **why);

#endif
