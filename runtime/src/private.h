/*
 * What a specialized manager calls in the library: the only symbols of it that are external and nobody else's business (SHARED, see linkage.h).
 * Who needs one more adds it here.
 */
#ifndef BERTH_SRC_PRIVATE_H
#define BERTH_SRC_PRIVATE_H

#define comers_go_on berth_private_comers_go_on
#define deadline_forget berth_private_deadline_forget
#define dispatch_claimed berth_private_dispatch_claimed
#define drain_begin berth_private_drain_begin
#define drain_end berth_private_drain_end
#define drain_next berth_private_drain_next
#define drain_settle berth_private_drain_settle
#define engine_rehearse berth_private_engine_rehearse
#define lock_meet berth_private_lock_meet
#define map_insert berth_private_map_insert
#define map_remove berth_private_map_remove
#define map_reserve berth_private_map_reserve
#define memory_give berth_private_memory_give
#define memory_take berth_private_memory_take
#define memory_zero berth_private_memory_zero
#define mutex_drop_slowly berth_private_mutex_drop_slowly
#define mutex_take_slowly berth_private_mutex_take_slowly
#define operation_fail berth_private_operation_fail
#define operation_load_path berth_private_operation_load_path
#define operation_refuse berth_private_operation_refuse
#define operation_step_back berth_private_operation_step_back
#define operation_undo berth_private_operation_undo
#define pool_free berth_private_pool_free
#define pool_take berth_private_pool_take
#define pool_take_lowest berth_private_pool_take_lowest
#define queue_enter_slowly berth_private_queue_enter_slowly
#define queue_own_new berth_private_queue_own_new
#define readers_clear berth_private_readers_clear
#define readers_count berth_private_readers_count
#define readers_leave berth_private_readers_leave
#define ready_too_deep berth_private_ready_too_deep
#define text_digits berth_private_text_digits
#define trace_call berth_private_trace_call
#define trace_error berth_private_trace_error
#define trace_row berth_private_trace_row
#define uuid_source_next berth_private_uuid_source_next
#define wait_for berth_private_wait_for

/* What both sides are. Programs that mix them do not link. */
#if defined BERTH_NO_THREADS
#define PRIVATE_VERSION berth_private_0_1_0_no_threads
#elif defined BERTH_NO_FUTEX
#define PRIVATE_VERSION berth_private_0_1_0_no_futex
#else
#define PRIVATE_VERSION berth_private_0_1_0
#endif
extern const char PRIVATE_VERSION[];

#endif
