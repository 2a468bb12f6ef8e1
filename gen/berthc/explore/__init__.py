"""Is a spec right? Every interleaving of a few callers, with every outcome of every hook, judged.

    bounds     how far a search goes
    callers    what callers may do, and what they say
    states     from one state to the next, by the semantics
    findings   what is wrong with a spec, a file for each kind
    meaning    which effects are in place in each state
    crash      what a crash leaves in the backend, by state
    search     breadth first, shortest scripts
    engine     the same search in C, over the generated tables and the runtime
    script     a script for people and for simulators
    cause      the rows that led to a finding, by its script
    progress   a line on a terminal that tells how far a search is
    report     all searches of one manager, what they found, and what they can claim
    reach      the bounds where none are given, and a budget of time
    messages   what a report says, as messages and sentences
    save       scripts as files

The manager's behaviour comes from `berthc.semantics` alone; nothing here knows what a row does.
Scripts as tests in C are `berthc.emit.tests.finding`; the command is `berthc.commands.check`.
"""
