"""What the shell and `man` know of Berth: made from the command line and from the headers."""
