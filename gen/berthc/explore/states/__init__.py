"""From one state of a root and its callers to the next, by the semantics.

    backend    the ways in which calls end, and what is true afterwards
    stated     what the author states, as masks of effects
    local      one root with its callers in one state
    runs       what the semantics answered before, to be quick
    death      crashes of a manager with a store, and what callers are then
    renumber   one world for all states in which the same is tracked
    move       what callers can ask in one state
    step       from one state to the next
    drain      what a drain does and leaves
    dying      drains in which the process dies
    future     what callers can still bring about when every hook works
"""
