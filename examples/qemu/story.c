#define _GNU_SOURCE

#include "story.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MANAGER = 40, QMP = 34, TEXT = 160 };

static int64_t began;

void story_begin(void)
{
    began = berth_now();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)printf("%8s  %-*s  %-*s  %s\n", "seconds", MANAGER, "manager", QMP, "QMP", "guest");
    (void)printf("%8s  %-*s  %-*s  %s\n", "", MANAGER, "how an instance changes", QMP,
                 "-> asked  <- said", "-> asked  <- said");
}

static double seconds(void)
{
    return (double)(berth_now() - began) / 1e9;
}

void story_tell(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)printf("\n");
    (void)vprintf(format, arguments);
    (void)printf("\n");
    va_end(arguments);
}

static void in_manager(const char *text)
{
    (void)printf("%8.3f  %s\n", seconds(), text);
}

static void in_qmp(const char *text)
{
    (void)printf("%8.3f  %-*s  %s\n", seconds(), MANAGER, "", text);
}

static void in_guest(const char *text)
{
    (void)printf("%8.3f  %-*s  %-*s  %s\n", seconds(), MANAGER, "", QMP, "", text);
}

void story_manager(void *ctx, const berth_transition *t)
{
    char text[TEXT];

    (void)ctx;
    if (t->kind != BERTH_TRACE_ROW || !t->next || strcmp(t->state, t->next) == 0)
        return;
    (void)snprintf(text, sizeof text, "  %s: %s -> %s%s%s", t->resource, t->state, t->next,
                   t->outcome == BERTH_FAILED ? ": the call failed" : "",
                   t->outcome == BERTH_UNSURE ? ": nobody knows" : "");
    in_manager(text);
}

void story_ended(const char *what, int rc, const berth_error *error)
{
    char text[TEXT], why[96] = "";

    if (rc != 0 && error->hook)
        (void)snprintf(why, sizeof why, " (%s)", error->hook);
    (void)snprintf(text, sizeof text, "%s: %s%s", what, berth_errno_name(rc), why);
    in_manager(text);
}

static const char *member(struct json_object *object, const char *name)
{
    struct json_object *found = NULL;

    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, name, &found) && found
               ? json_object_get_string(found)
               : NULL;
}

/* What a request is about: the first member that names something. */
static const char *subject(struct json_object *object)
{
    static const char *const names[] = {"node-name", "path", "port", "id"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (member(object, names[i]))
            return member(object, names[i]);
    return "";
}

static void tell_qmp(struct json_object *line, bool sent)
{
    char text[TEXT];
    struct json_object *inner = NULL;
    const char *event = member(line, "event"), *device;

    (void)json_object_object_get_ex(line, sent ? "arguments" : event ? "data" : "error", &inner);
    device = member(inner, "device");
    if (sent)
        (void)snprintf(text, sizeof text, "-> %s%s%s", member(line, "execute"),
                       *subject(inner) ? " " : "", subject(inner));
    else if (event)
        (void)snprintf(text, sizeof text, "<- %s%s%s", event, device ? " " : "",
                       device ? device : "");
    else
        (void)snprintf(text, sizeof text, "<- %s", inner ? member(inner, "desc") : "ok");
    in_qmp(text);
}

static void tell_agent(struct json_object *line, bool sent)
{
    const char *about = member(line, "path") ? member(line, "path") : member(line, "queue");
    char text[TEXT];

    if (member(line, "hello"))
        (void)snprintf(text, sizeof text, "%s",
                       sent ? "-> are you there?" : "<- the agent is here");
    else if (member(line, "cancel"))
        (void)snprintf(text, sizeof text, "-> cancel that (request %s)", member(line, "cancel"));
    else if (sent)
        (void)snprintf(text, sizeof text, "-> %s%s%s", member(line, "do"), *about ? " " : "",
                       about);
    else if (member(line, "mounted"))
        (void)snprintf(text, sizeof text, "<- %s",
                       strcmp(member(line, "mounted"), "true") == 0 ? "yes" : "no");
    else
        (void)snprintf(text, sizeof text, "<- %s",
                       member(line, "error") ? member(line, "why") : "ok");
    in_guest(text);
}

void story_line(void *ctx, berth_qemu_line which, const char *line)
{
    struct json_object *parsed = json_tokener_parse(line);

    (void)ctx;
    if (which == BERTH_QEMU_TO_QMP || which == BERTH_QEMU_FROM_QMP)
        tell_qmp(parsed, which == BERTH_QEMU_TO_QMP);
    else
        tell_agent(parsed, which == BERTH_QEMU_TO_AGENT);
    json_object_put(parsed);
}
