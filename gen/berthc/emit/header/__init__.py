"""The header of a manager, which is the user's manual."""
