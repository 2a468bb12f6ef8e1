"""The same search by Spin, for larger bounds.

    promela    the question as a model for Spin
    verifier   what the verifier that Spin makes is asked beside the model
    search     runs the verifier, and plays its trails again
"""
