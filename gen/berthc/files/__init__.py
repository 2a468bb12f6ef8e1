"""Files that berthc writes: where they go, and how they are written or compared."""
