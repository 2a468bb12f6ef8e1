"""Is a spec right? Every interleaving of a few callers, with every outcome of every hook, judged.

    spec       specs that only the search refuses, too
    bounds     how far a search goes
    contract   what callers may do, read off the operations
    pools      how many slots there are, and who may wait for one
    alphabet   what they say, and what the manager is created with
    backend    the ways in which calls end, and what is true afterwards
    local      one root with its callers at one moment
    step       from one moment to the next, by the semantics
    runs       what the semantics answered before, to be quick
    settle     one world for all moments in which the same is tracked
    product    how many moments several roots have together
    drain      what a drain leaves, and whether it breaks what the author states
    future     what callers can still bring about when every hook works
    stated     what the author states, as masks of effects
    fault      one thing that is wrong with a spec
    findings   what is wrong with a step, or with what it leaves
    stated_faults  calls and states that break what the author states
    cancelled  uses after a release that got somewhere and failed
    advice     what would be right instead
    hollow     whether a success means what it means when nothing fails
    meaning    which effects are in place in each state
    lookups    whether a caller is told of what is gone when it comes
    poisoned   whether a key is refused for ever
    slots      what a full pool does, and who keeps a slot for ever
    stranded   whether a caller can still let go
    search     breadth first, shortest scripts
    script     a script for people and for simulators
    save       scripts as files
    emit_test  scripts as tests in C
    progress   a line on a terminal that tells how far a search is
    report     all searches of one manager, what they found, and what they can claim
    command    `berthc check`
    promela    the same question as a model for Spin
    verifier   what the verifier that Spin makes is asked beside the model
    spin       the search by Spin

The manager's behaviour comes from `berthc.semantics` alone; nothing here knows what a row does.
"""
