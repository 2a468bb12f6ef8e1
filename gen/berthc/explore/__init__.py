"""Is a spec right? Every interleaving of a few callers, with every outcome of every hook, judged.

    bounds     how far a search goes
    contract   what callers may do, read off the operations
    pools      how many slots there are, and who may wait for one
    alphabet   what they say, and what the manager is created with
    backend    the ways in which calls end, and what is true afterwards
    local      one root with its callers at one moment
    step       from one moment to the next, by the semantics
    runs       what the semantics answered before, to be quick
    settle     one world for all moments in which the same is tracked
    drain      what a drain leaves
    future     what callers can still bring about when every hook works
    findings   what is wrong with a step, or with what it leaves
    advice     what would be right instead
    hollow     whether a success means what it means when nothing fails
    meaning    which effects are in place in each state
    lookups    whether a caller is told of what is gone when it comes
    poisoned   whether a key is refused for ever
    slots      what a full pool does, and who keeps a slot for ever
    stranded   whether a caller can still let go
    search     breadth first, shortest scripts
    save       scripts as files
    progress   a line on a terminal that tells how far a search is
    report     all searches of one manager, what they found, and what they can claim

The manager's behaviour comes from `berthc.semantics` alone; nothing here knows what a row does.
"""
