"""The commands of berthc, one file each."""
