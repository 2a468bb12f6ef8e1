"""The static rules, by what they look at."""
