"""berthc: the compiler of Berth specs."""

__version__ = "0.1.0"
