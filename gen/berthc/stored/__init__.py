"""A store in a file of SQLite: what it holds, and whether that fits together."""
