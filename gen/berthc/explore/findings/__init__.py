"""What can be wrong with a spec: a file for each kind of finding, and what they share.

    texts      the sentences
    fault      one thing that is wrong with a spec
    advice     what would be right instead
    judge      what is wrong with a change, or with what it leaves
    stated     calls and states that break what the author states
    drains     drains that break what the author states
    cancelled  uses after a release that began and failed
    missing_effect  whether a success means what it means when nothing fails
    lookups    whether a caller hears of what is gone when it comes
    poisoned   whether a key is refused for ever
    slots      what a full pool does, and who keeps a slot for ever
    stranded   whether a caller can still let go
"""
