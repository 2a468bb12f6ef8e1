"""What an operation may answer, and which rows and hooks it may meet: read off a model.

    reach    the states that instances rest in, and what each operation meets there
    codes    what an operation returns, and when
    prose    words that Markdown shows as they are
"""
