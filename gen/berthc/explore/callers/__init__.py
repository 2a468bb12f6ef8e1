"""The callers: what they may do, what they say, and the slots that they find.

    contract   what callers may do, read off the operations
    inputs     what they say, and what the manager is created with
    pools      how many slots there are, and who may wait for one
"""
