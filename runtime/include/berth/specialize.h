/*
 * For generated files that are compiled with BERTH_SPECIALIZE: brings along what every operation goes through, so that the compiler makes of it what
 * each operation of this manager needs. Nothing here is for applications, and nothing changes for them but time and size: see docs/performance.md,
 * "A specialized manager". For gcc and clang.
 *
 * With -fsanitize=undefined alone, of which no macro tells, gcc takes minutes unless BERTH_SANITIZED is defined.
 *
 * The rest of the runtime is the library's. It must be of the same version, and both compiled with the same of BERTH_NO_THREADS and
 * BERTH_NO_FUTEX; others do not link.
 */
#ifndef BERTH_SPECIALIZE_H
#define BERTH_SPECIALIZE_H

#ifndef BERTH_ONLY_TYPE
#error "this header is for generated files"
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function" /* not every manager needs all of it */
#pragma GCC diagnostic ignored "-Wshadow"          /* the manager's name may be that of a variable */

#include "../../src/own_names.h"

#include "../../src/hash.c"
#include "../../src/instance.c"
#include "../../src/reservation.c"
#include "../../src/engine.c"
#include "../../src/hook.c"
#include "../../src/reach.c"
#include "../../src/advance.c"
#include "../../src/fast.c"
#include "../../src/request.c"

#pragma GCC diagnostic pop

static const char *const berth_own_library __attribute__((used)) = PRIVATE_VERSION;

/* From here on the manager may call its own things what it likes. Its functions call this one, and each becomes one of its own. */
#define OWN_NAMES_END
#include "../../src/own_names.h"
#define berth_manager_run berth_own_request_run

#endif
