/* Made by scripts/own-names: make renew-names. Names of berth/specialize.h in a generated file; with OWN_NAMES_END they are the file's again. */
#ifndef OWN_NAMES_END
#define allocate berth_own_allocate
#define append_sibling berth_own_append_sibling
#define asked berth_own_asked
#define assign berth_own_assign
#define begin_run berth_own_begin_run
#define begin_step berth_own_begin_step
#define block_size berth_own_block_size
#define bytes_hash berth_own_bytes_hash
#define call_close berth_own_call_close
#define call_find berth_own_call_find
#define call_is_failure berth_own_call_is_failure
#define call_is_uncertain berth_own_call_is_uncertain
#define call_tell berth_own_call_tell
#define check_conflict berth_own_check_conflict
#define check_count berth_own_check_count
#define check_counts berth_own_check_counts
#define check_holders berth_own_check_holders
#define check_levels berth_own_check_levels
#define comers_next berth_own_comers_next
#define comers_root_leaves berth_own_comers_root_leaves
#define commit berth_own_commit
#define count_added berth_own_count_added
#define counts_of berth_own_counts_of
#define create berth_own_create
#define crowd berth_own_crowd
#define deadline_watch berth_own_deadline_watch
#define deed berth_own_deed
#define dispatch berth_own_dispatch
#define dispatch_help berth_own_dispatch_help
#define dispatch_leave berth_own_dispatch_leave
#define dispatch_new berth_own_dispatch_new
#define dispatch_poll berth_own_dispatch_poll
#define dispatch_wait berth_own_dispatch_wait
#define dispatcher berth_own_dispatcher
#define drain berth_own_drain
#define drain_give_up berth_own_drain_give_up
#define drain_has_work berth_own_drain_has_work
#define end_drop berth_own_end_drop
#define end_if_final berth_own_end_if_final
#define end_operation berth_own_end_operation
#define end_step berth_own_end_step
#define engine_run berth_own_engine_run
#define engine_settle berth_own_engine_settle
#define engine_take berth_own_engine_take
#define fail_event berth_own_fail_event
#define fast berth_own_fast
#define fast_change berth_own_fast_change
#define fast_do_step berth_own_fast_do_step
#define fast_do_steps berth_own_fast_do_steps
#define fast_fail berth_own_fast_fail
#define fast_fill_results berth_own_fast_fill_results
#define fast_find berth_own_fast_find
#define fast_hand_on berth_own_fast_hand_on
#define fast_is_alone berth_own_fast_is_alone
#define fast_is_free berth_own_fast_is_free
#define fast_let_go berth_own_fast_let_go
#define fast_level berth_own_fast_level
#define fast_look berth_own_fast_look
#define fast_miss berth_own_fast_miss
#define fast_move berth_own_fast_move
#define fast_run berth_own_fast_run
#define fast_run_change berth_own_fast_run_change
#define fast_run_look_up berth_own_fast_run_look_up
#define fast_see berth_own_fast_see
#define fast_see_by_keys berth_own_fast_see_by_keys
#define fast_see_by_reservation berth_own_fast_see_by_reservation
#define fast_see_by_value berth_own_fast_see_by_value
#define fast_write_back berth_own_fast_write_back
#define field_check berth_own_field_check
#define field_copy berth_own_field_copy
#define field_measure berth_own_field_measure
#define field_text berth_own_field_text
#define field_write berth_own_field_write
#define field_write_limits berth_own_field_write_limits
#define find_any_row berth_own_find_any_row
#define find_by_keys berth_own_find_by_keys
#define find_by_value berth_own_find_by_value
#define find_level berth_own_find_level
#define find_record berth_own_find_record
#define find_row berth_own_find_row
#define find_value berth_own_find_value
#define follow berth_own_follow
#define follow_without_hook berth_own_follow_without_hook
#define forget_value berth_own_forget_value
#define found berth_own_found
#define free_block berth_own_free_block
#define free_slots berth_own_free_slots
#define get_root berth_own_get_root
#define give berth_own_give
#define go_on berth_own_go_on
#define grip berth_own_grip
#define grip_begun berth_own_grip_begun
#define grip_spent berth_own_grip_spent
#define hash_bytes berth_own_hash_bytes
#define hash_end berth_own_hash_end
#define hash_fold berth_own_hash_fold
#define hash_fold_word berth_own_hash_fold_word
#define hash_load berth_own_hash_load
#define hash_load_tail berth_own_hash_load_tail
#define hash_mix berth_own_hash_mix
#define hash_multiply_in_parts berth_own_hash_multiply_in_parts
#define hash_pair berth_own_hash_pair
#define hash_rotate berth_own_hash_rotate
#define hash_seed berth_own_hash_seed
#define hash_start berth_own_hash_start
#define hash_uuid berth_own_hash_uuid
#define hash_word berth_own_hash_word
#define hook_call berth_own_hook_call
#define hook_settle berth_own_hook_settle
#define instance_accept berth_own_instance_accept
#define instance_conflict berth_own_instance_conflict
#define instance_end berth_own_instance_end
#define instance_find berth_own_instance_find
#define instance_find_by berth_own_instance_find_by
#define instance_first_below berth_own_instance_first_below
#define instance_following berth_own_instance_following
#define instance_free berth_own_instance_free
#define instance_hash berth_own_instance_hash
#define instance_link berth_own_instance_link
#define instance_make berth_own_instance_make
#define instance_next_down berth_own_instance_next_down
#define instance_ref berth_own_instance_ref
#define instance_root berth_own_instance_root
#define instance_slot berth_own_instance_slot
#define instance_type berth_own_instance_type
#define instance_unmake berth_own_instance_unmake
#define instance_unref berth_own_instance_unref
#define instance_view berth_own_instance_view
#define is_nil berth_own_is_nil
#define is_traced berth_own_is_traced
#define is_zero_value berth_own_is_zero_value
#define keep_values berth_own_keep_values
#define lane berth_own_lane
#define layout berth_own_layout
#define leads_to_third berth_own_leads_to_third
#define let_go berth_own_let_go
#define level_note berth_own_level_note
#define level_restore berth_own_level_restore
#define link_of berth_own_link_of
#define link_values berth_own_link_values
#define lock berth_own_lock
#define lock_destroy berth_own_lock_destroy
#define lock_drop berth_own_lock_drop
#define lock_enter_callback berth_own_lock_enter_callback
#define lock_in_callback berth_own_lock_in_callback
#define lock_init berth_own_lock_init
#define lock_leave_callback berth_own_lock_leave_callback
#define lock_share berth_own_lock_share
#define lock_take berth_own_lock_take
#define lock_unshare berth_own_lock_unshare
#define lock_watch berth_own_lock_watch
#define make_level berth_own_make_level
#define making berth_own_making
#define manager_has berth_own_manager_has
#define map berth_own_map
#define map_attach berth_own_map_attach
#define map_chain berth_own_map_chain
#define map_clear berth_own_map_clear
#define map_detach berth_own_map_detach
#define map_first berth_own_map_first
#define map_init berth_own_map_init
#define map_next berth_own_map_next
#define map_prepare berth_own_map_prepare
#define map_release berth_own_map_release
#define map_skip berth_own_map_skip
#define memory_default berth_own_memory_default
#define mutex berth_own_mutex
#define mutex_destroy berth_own_mutex_destroy
#define mutex_drop berth_own_mutex_drop
#define mutex_init berth_own_mutex_init
#define mutex_is_observed berth_own_mutex_is_observed
#define mutex_relax berth_own_mutex_relax
#define mutex_take berth_own_mutex_take
#define mutex_try berth_own_mutex_try
#define name_by berth_own_name_by
#define node berth_own_node
#define node_is_detached berth_own_node_is_detached
#define node_mark_detached berth_own_node_mark_detached
#define obtain berth_own_obtain
#define open_call berth_own_open_call
#define operation_advance berth_own_operation_advance
#define operation_advance_as berth_own_operation_advance_as
#define operation_commit berth_own_operation_commit
#define operation_fail_request berth_own_operation_fail_request
#define operation_finish berth_own_operation_finish
#define operation_finish_as berth_own_operation_finish_as
#define operation_init berth_own_operation_init
#define operation_is_new berth_own_operation_is_new
#define operation_load berth_own_operation_load
#define operation_load_at berth_own_operation_load_at
#define operation_mark berth_own_operation_mark
#define operation_resource berth_own_operation_resource
#define operation_results berth_own_operation_results
#define operation_run berth_own_operation_run
#define operation_size berth_own_operation_size
#define operation_unload berth_own_operation_unload
#define operation_waits berth_own_operation_waits
#define part_size berth_own_part_size
#define path_resource berth_own_path_resource
#define pin berth_own_pin
#define place berth_own_place
#define place_at berth_own_place_at
#define pool berth_own_pool
#define pool_clear berth_own_pool_clear
#define pool_init berth_own_pool_init
#define pool_node berth_own_pool_node
#define progress berth_own_progress
#define queue_by_key berth_own_queue_by_key
#define queue_enter berth_own_queue_enter
#define queue_first berth_own_queue_first
#define queue_leave berth_own_queue_leave
#define queue_pass_on berth_own_queue_pass_on
#define queue_release berth_own_queue_release
#define queue_root berth_own_queue_root
#define reach berth_own_reach
#define reach_absent berth_own_reach_absent
#define reach_instances berth_own_reach_instances
#define reach_place berth_own_reach_place
#define reach_reservation berth_own_reach_reservation
#define readers berth_own_readers
#define readers_close berth_own_readers_close
#define readers_destroy berth_own_readers_destroy
#define readers_enter berth_own_readers_enter
#define readers_init berth_own_readers_init
#define readers_meet berth_own_readers_meet
#define ready_add berth_own_ready_add
#define ready_can_help berth_own_ready_can_help
#define ready_inside berth_own_ready_inside
#define ready_is_loop berth_own_ready_is_loop
#define ready_wake berth_own_ready_wake
#define record_size berth_own_record_size
#define refused_with berth_own_refused_with
#define reject_event berth_own_reject_event
#define renumber_epochs berth_own_renumber_epochs
#define report berth_own_report
#define report_takes berth_own_report_takes
#define request_run berth_own_request_run
#define reservation_grip berth_own_reservation_grip
#define reservation_link berth_own_reservation_link
#define reservation_look_up berth_own_reservation_look_up
#define reservation_make berth_own_reservation_make
#define reservation_pin berth_own_reservation_pin
#define reservation_remove berth_own_reservation_remove
#define reservation_sweep berth_own_reservation_sweep
#define reservation_unmake berth_own_reservation_unmake
#define reserve_value berth_own_reserve_value
#define root berth_own_root
#define row_cell berth_own_row_cell
#define row_deed berth_own_row_deed
#define row_next berth_own_row_next
#define row_target berth_own_row_target
#define run_drain berth_own_run_drain
#define run_event berth_own_run_event
#define run_request berth_own_run_request
#define run_steps berth_own_run_steps
#define same_value berth_own_same_value
#define set_counter berth_own_set_counter
#define set_slot berth_own_set_slot
#define settle_answer berth_own_settle_answer
#define settle_reservation berth_own_settle_reservation
#define siblings berth_own_siblings
#define sleep berth_own_sleep
#define sleeper berth_own_sleeper
#define sleeper_await berth_own_sleeper_await
#define sleeper_destroy berth_own_sleeper_destroy
#define sleeper_init berth_own_sleeper_init
#define sleeper_leaves berth_own_sleeper_leaves
#define sleeper_reset berth_own_sleeper_reset
#define sleeper_sleep berth_own_sleeper_sleep
#define sleeper_wait berth_own_sleeper_wait
#define sleeper_wake berth_own_sleeper_wake
#define sleepers berth_own_sleepers
#define sleepers_add berth_own_sleepers_add
#define sleepers_excuse berth_own_sleepers_excuse
#define sleepers_wake berth_own_sleepers_wake
#define slot_of berth_own_slot_of
#define somebody_else berth_own_somebody_else
#define stage berth_own_stage
#define state_is berth_own_state_is
#define stopped berth_own_stopped
#define strings_hash_set berth_own_strings_hash_set
#define strings_item berth_own_strings_item
#define strings_same_list berth_own_strings_same_list
#define strings_same_set berth_own_strings_same_set
#define strings_same_text berth_own_strings_same_text
#define take_out berth_own_take_out
#define takes_configs berth_own_takes_configs
#define target berth_own_target
#define text_add berth_own_text_add
#define text_count berth_own_text_count
#define text_end berth_own_text_end
#define text_number berth_own_text_number
#define text_quoted berth_own_text_quoted
#define text_start berth_own_text_start
#define text_uuid berth_own_text_uuid
#define thread_id berth_own_thread_id
#define thread_same berth_own_thread_same
#define thread_self berth_own_thread_self
#define trace_refusal berth_own_trace_refusal
#define trace_refused_early berth_own_trace_refused_early
#define traced berth_own_traced
#define type_copy berth_own_type_copy
#define type_integer berth_own_type_integer
#define type_is_number berth_own_type_is_number
#define type_is_strings berth_own_type_is_strings
#define type_of berth_own_type_of
#define unlink_one berth_own_unlink_one
#define unlink_value berth_own_unlink_value
#define uuid_page berth_own_uuid_page
#define uuid_source berth_own_uuid_source
#define uuid_source_clear berth_own_uuid_source_clear
#define uuid_source_init berth_own_uuid_source_init
#define uuid_source_seed berth_own_uuid_source_seed
#define value berth_own_value
#define value_hash berth_own_value_hash
#define view_of berth_own_view_of
#define where berth_own_where
#define where_at berth_own_where_at
#define where_state berth_own_where_state
#define why_not_pending berth_own_why_not_pending
#define with_reservation berth_own_with_reservation
#else
#undef PRIVATE_VERSION
#undef allocate
#undef append_sibling
#undef asked
#undef assign
#undef begin_run
#undef begin_step
#undef block_size
#undef bytes_hash
#undef call_close
#undef call_find
#undef call_is_failure
#undef call_is_uncertain
#undef call_tell
#undef check_conflict
#undef check_count
#undef check_counts
#undef check_holders
#undef check_levels
#undef comers_go_on
#undef comers_next
#undef comers_root_leaves
#undef commit
#undef count_added
#undef counts_of
#undef create
#undef crowd
#undef deadline_forget
#undef deadline_watch
#undef deed
#undef dispatch
#undef dispatch_claimed
#undef dispatch_help
#undef dispatch_leave
#undef dispatch_new
#undef dispatch_poll
#undef dispatch_wait
#undef dispatcher
#undef drain
#undef drain_begin
#undef drain_end
#undef drain_give_up
#undef drain_has_work
#undef drain_next
#undef drain_settle
#undef end_drop
#undef end_if_final
#undef end_operation
#undef end_step
#undef engine_rehearse
#undef engine_run
#undef engine_settle
#undef engine_take
#undef fail_event
#undef fast
#undef fast_change
#undef fast_do_step
#undef fast_do_steps
#undef fast_fail
#undef fast_fill_results
#undef fast_find
#undef fast_hand_on
#undef fast_is_alone
#undef fast_is_free
#undef fast_let_go
#undef fast_level
#undef fast_look
#undef fast_miss
#undef fast_move
#undef fast_run
#undef fast_run_change
#undef fast_run_look_up
#undef fast_see
#undef fast_see_by_keys
#undef fast_see_by_reservation
#undef fast_see_by_value
#undef fast_write_back
#undef field_check
#undef field_copy
#undef field_measure
#undef field_text
#undef field_write
#undef field_write_limits
#undef find_any_row
#undef find_by_keys
#undef find_by_value
#undef find_level
#undef find_record
#undef find_row
#undef find_value
#undef follow
#undef follow_without_hook
#undef forget_value
#undef found
#undef free_block
#undef free_slots
#undef get_root
#undef give
#undef go_on
#undef grip
#undef grip_begun
#undef grip_spent
#undef hash_bytes
#undef hash_end
#undef hash_fold
#undef hash_fold_word
#undef hash_load
#undef hash_load_tail
#undef hash_mix
#undef hash_multiply_in_parts
#undef hash_pair
#undef hash_rotate
#undef hash_seed
#undef hash_start
#undef hash_uuid
#undef hash_word
#undef hook_call
#undef hook_settle
#undef instance_accept
#undef instance_conflict
#undef instance_end
#undef instance_find
#undef instance_find_by
#undef instance_first_below
#undef instance_following
#undef instance_free
#undef instance_hash
#undef instance_link
#undef instance_make
#undef instance_next_down
#undef instance_ref
#undef instance_root
#undef instance_slot
#undef instance_type
#undef instance_unmake
#undef instance_unref
#undef instance_view
#undef is_nil
#undef is_traced
#undef is_zero_value
#undef keep_values
#undef lane
#undef layout
#undef leads_to_third
#undef let_go
#undef level_note
#undef level_restore
#undef link_of
#undef link_values
#undef lock
#undef lock_destroy
#undef lock_drop
#undef lock_enter_callback
#undef lock_in_callback
#undef lock_init
#undef lock_leave_callback
#undef lock_meet
#undef lock_share
#undef lock_take
#undef lock_unshare
#undef lock_watch
#undef make_level
#undef making
#undef manager_has
#undef map
#undef map_attach
#undef map_chain
#undef map_clear
#undef map_detach
#undef map_first
#undef map_init
#undef map_insert
#undef map_next
#undef map_prepare
#undef map_release
#undef map_remove
#undef map_reserve
#undef map_skip
#undef memory_default
#undef memory_give
#undef memory_take
#undef memory_zero
#undef mutex
#undef mutex_destroy
#undef mutex_drop
#undef mutex_drop_slowly
#undef mutex_init
#undef mutex_is_observed
#undef mutex_relax
#undef mutex_take
#undef mutex_take_slowly
#undef mutex_try
#undef name_by
#undef node
#undef node_is_detached
#undef node_mark_detached
#undef obtain
#undef open_call
#undef operation_advance
#undef operation_advance_as
#undef operation_commit
#undef operation_fail
#undef operation_fail_request
#undef operation_finish
#undef operation_finish_as
#undef operation_init
#undef operation_is_new
#undef operation_load
#undef operation_load_at
#undef operation_load_path
#undef operation_mark
#undef operation_refuse
#undef operation_resource
#undef operation_results
#undef operation_run
#undef operation_size
#undef operation_step_back
#undef operation_undo
#undef operation_unload
#undef operation_waits
#undef part_size
#undef path_resource
#undef pin
#undef place
#undef place_at
#undef pool
#undef pool_clear
#undef pool_free
#undef pool_init
#undef pool_node
#undef pool_take
#undef pool_take_lowest
#undef progress
#undef queue_by_key
#undef queue_enter
#undef queue_enter_slowly
#undef queue_first
#undef queue_leave
#undef queue_own_new
#undef queue_pass_on
#undef queue_release
#undef queue_root
#undef reach
#undef reach_absent
#undef reach_instances
#undef reach_place
#undef reach_reservation
#undef readers
#undef readers_clear
#undef readers_close
#undef readers_count
#undef readers_destroy
#undef readers_enter
#undef readers_init
#undef readers_leave
#undef readers_meet
#undef ready_add
#undef ready_can_help
#undef ready_inside
#undef ready_is_loop
#undef ready_too_deep
#undef ready_wake
#undef record_size
#undef refused_with
#undef reject_event
#undef renumber_epochs
#undef report
#undef report_takes
#undef request_run
#undef reservation_grip
#undef reservation_link
#undef reservation_look_up
#undef reservation_make
#undef reservation_pin
#undef reservation_remove
#undef reservation_sweep
#undef reservation_unmake
#undef reserve_value
#undef root
#undef row_cell
#undef row_deed
#undef row_next
#undef row_target
#undef run_drain
#undef run_event
#undef run_request
#undef run_steps
#undef same_value
#undef set_counter
#undef set_slot
#undef settle_answer
#undef settle_reservation
#undef siblings
#undef sleep
#undef sleeper
#undef sleeper_await
#undef sleeper_destroy
#undef sleeper_init
#undef sleeper_leaves
#undef sleeper_reset
#undef sleeper_sleep
#undef sleeper_wait
#undef sleeper_wake
#undef sleepers
#undef sleepers_add
#undef sleepers_excuse
#undef sleepers_wake
#undef slot_of
#undef somebody_else
#undef stage
#undef state_is
#undef stopped
#undef strings_hash_set
#undef strings_item
#undef strings_same_list
#undef strings_same_set
#undef strings_same_text
#undef take_out
#undef takes_configs
#undef target
#undef text_add
#undef text_count
#undef text_digits
#undef text_end
#undef text_number
#undef text_quoted
#undef text_start
#undef text_uuid
#undef thread_id
#undef thread_same
#undef thread_self
#undef trace_call
#undef trace_error
#undef trace_refusal
#undef trace_refused_early
#undef trace_row
#undef traced
#undef type_copy
#undef type_integer
#undef type_is_number
#undef type_is_strings
#undef type_of
#undef unlink_one
#undef unlink_value
#undef uuid_page
#undef uuid_source
#undef uuid_source_clear
#undef uuid_source_init
#undef uuid_source_next
#undef uuid_source_seed
#undef value
#undef value_hash
#undef view_of
#undef wait_for
#undef where
#undef where_at
#undef where_state
#undef why_not_pending
#undef with_reservation
#endif
