/*
 * What a manager whose spec has `store` calls instead of the functions of berth/table.h. Nothing
 * here is for applications, and nothing is for specs without a store. Change BERTH_STORED_ABI with
 * every change of a layout or a meaning below.
 */
#ifndef BERTH_STORED_H
#define BERTH_STORED_H

#include <berth/store.h>
#include <berth/table.h>

#define BERTH_STORED_ABI 2

#ifdef __cplusplus
extern "C" {
#endif

/* What a name is of. */
enum {
    BERTH_WAS_MANAGER = 1,
    BERTH_WAS_OPTION,
    BERTH_WAS_OPTION_VALUE, /* of the option `index` */
    BERTH_WAS_HOOK,
    BERTH_WAS_RESOURCE,
    BERTH_WAS_COLUMN, /* a field, or a leaf of an assigned value */
    BERTH_WAS_VALUE,  /* of the field `index` */
    BERTH_WAS_STATE,
    BERTH_WAS_EVENT
};

/* A name that an earlier version of the spec had. */
typedef struct berth_earlier {
    uint8_t kind;
    uint8_t resource; /* that it belongs to; 0: none */
    uint8_t index;    /* of a field or option, from 1 */
    const char *was;
    const char *name; /* today; NULL: it is forgotten */
} berth_earlier;

typedef struct berth_stored_type {
    uint32_t abi; /* BERTH_STORED_ABI */
    const berth_manager_type *type;
    uint64_t spec_hash;                      /* as in berth_store_manager */
    const char *settle_name;                 /* "vm.settle"; NULL: the spec has no such hook */
    bool (*has_settle)(const void *backend); /* NULL, as `settle`, without the hook */
    int (*settle)(const void *backend, uint64_t epoch);
    const berth_default *const *defaults; /* of the fields, by resource */
    uint16_t n_earlier;
    const berth_earlier *earlier;
} berth_stored_type;

/* A request, and whose reservation or reference it is about. */
typedef struct berth_stored_request {
    berth_request request;
    const char *owner; /* BERTH_GIVES and BERTH_OWNED: 1 to BERTH_OWNER_MAX bytes */
} berth_stored_request;

/* The functions below implement the generated ones of the same name. */
int berth_stored_create(const berth_stored_type *type, const void *options, const void *backend,
                        const berth_config *config, berth_manager **out, berth_error *error);
int berth_stored_open(const berth_stored_type *type, const void *options, const void *backend,
                      const berth_config *config, const berth_store *store, berth_manager **out,
                      berth_error *error);
int berth_stored_recover(berth_manager *manager, int64_t deadline, berth_error *error);
int berth_stored_save(berth_manager *manager, const berth_store *to, berth_error *error);
int berth_stored_run(berth_manager *manager, const berth_stored_request *request,
                     berth_error *error);
int berth_stored_start(berth_manager *manager, const berth_stored_request *request,
                       berth_error *error, void *op, berth_done *done, void *arg);
int berth_stored_drain(berth_manager *manager, int64_t deadline, berth_error *error);
int berth_stored_for_each_reservation(berth_manager *manager,
                                      int (*visit)(void *arg, const berth_reservation *reservation),
                                      void *arg);
int berth_stored_for_each_reference(berth_manager *manager,
                                    int (*visit)(void *arg, const berth_reference *reference),
                                    void *arg);
/* Shows the owners of the named references to the instance with this view, in no order. */
int berth_stored_for_each_owner(const berth_manager *manager, const void *view,
                                int (*visit)(void *arg, const char *owner), void *arg);
/* Is there a root that has to be recovered? */
bool berth_stored_needs_recover(berth_manager *manager);

#ifdef __cplusplus
}
#endif
#endif
