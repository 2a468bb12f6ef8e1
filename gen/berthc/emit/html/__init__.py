"""The page of a manager: one HTML file with a simulator in it.

    tables   what the simulator needs
    engine   the simulator, in JavaScript
"""
