/*
 * What a manager whose spec has `store` calls instead of the functions of berth/table.h. Nothing
 * here is for applications, and nothing is for specs without a store. Change BERTH_STORED_ABI with
 * every change of a layout or a meaning below.
 */
#ifndef BERTH_STORED_H
#define BERTH_STORED_H

#include <berth/store.h>
#include <berth/table.h>

#define BERTH_STORED_ABI 1

#ifdef __cplusplus
extern "C" {
#endif

typedef struct berth_stored_type {
    uint32_t abi; /* BERTH_STORED_ABI */
    const berth_manager_type *type;
    uint64_t spec_hash;                      /* as in berth_store_manager */
    const char *settle_name;                 /* "vm.settle"; NULL: the spec has no such hook */
    bool (*has_settle)(const void *backend); /* NULL, as `settle`, without the hook */
    int (*settle)(const void *backend, uint64_t epoch);
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
/* Shows the owners of the named references to the instance with this view, oldest first. */
int berth_stored_for_each_owner(const berth_manager *manager, const void *view,
                                int (*visit)(void *arg, const char *owner), void *arg);
/* Is there a root that has to be recovered? */
bool berth_stored_needs_recover(berth_manager *manager);

#ifdef __cplusplus
}
#endif
#endif
