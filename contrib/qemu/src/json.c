#include "json.h"

json *json_with(json *object, const char *name, json *value)
{
    json_object_object_add(object, name, value);
    return object;
}

json *json_with_text(json *object, const char *name, const char *value)
{
    return json_with(object, name, json_object_new_string(value));
}

json *json_with_number(json *object, const char *name, int64_t value)
{
    return json_with(object, name, json_object_new_int64(value));
}

json *json_with_bool(json *object, const char *name, bool value)
{
    return json_with(object, name, json_object_new_boolean(value));
}

json *json_member(json *object, const char *name, json_type type)
{
    json *found = NULL;

    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, name, &found) || !json_object_is_type(found, type))
        return NULL;
    return found;
}

const char *json_text(json *object, const char *name)
{
    json *found = json_member(object, name, json_type_string);

    return found ? json_object_get_string(found) : NULL;
}

int64_t json_number(json *object, const char *name, int64_t otherwise)
{
    json *found = json_member(object, name, json_type_int);

    return found ? json_object_get_int64(found) : otherwise;
}

bool json_flag(json *object, const char *name)
{
    json *found = json_member(object, name, json_type_boolean);

    return found && json_object_get_boolean(found);
}

const char *json_words(json *object)
{
    return json_object_to_json_string_ext(object,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

json *json_line(const char *text, size_t size)
{
    struct json_tokener *tokener = json_tokener_new_ex(32);
    size_t end;
    json *found;

    if (!tokener)
        return NULL;
    found = json_tokener_parse_ex(tokener, text, (int)size + 1);
    end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    while (end < size && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r'))
        end++;
    if (json_object_is_type(found, json_type_object) && end == size)
        return found;
    json_object_put(found);
    return NULL;
}
