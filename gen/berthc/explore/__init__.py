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
    findings   what is wrong with a step, or with what it leaves
    advice     what would be right instead
    slots      what a full pool does, and who keeps a slot for ever
    stranded   whether a caller can still let go
    search     breadth first, shortest scripts
    save       scripts as files
    progress   a line on a terminal that tells how far a search is
    report     all searches of one manager, what they found, and what they can claim

The manager's behaviour comes from `berthc.semantics` alone; nothing here knows what a row does.
"""
