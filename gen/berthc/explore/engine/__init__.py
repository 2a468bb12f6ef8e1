"""The search in C: over the generated tables and the runtime that users link.

    plan      what the tables do not say of one search, as text
    build     the program that searches one manager, compiled and kept
    run       the program with a plan, and what it answers
    script    the requests of a script, from numbers
    faults    what it found, as sentences of findings
    searches  all searches of one manager, on all processors

The program is in runtime/explore. It knows the manager from its tables alone. What callers may do
and what the author states comes from `callers` and `states.stated`, as for the search in Python.
"""
