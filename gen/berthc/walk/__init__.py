"""Walks through the states of a model: in which order, and with which outcomes of calls.

    breadth  breadth first, each state once
    choices  every way in which the calls of one request can end, depth first

Nothing here knows what a state is, what callers may do, or why somebody walks.
"""
