"""Emitters: each module here has one entry, `files(manager, …) -> dict[str, str]`, and writes
nothing itself."""
