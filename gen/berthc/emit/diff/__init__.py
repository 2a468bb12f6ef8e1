"""What changed between two specs, as people and programs read it.

    text        for a terminal
    json        for programs
    markdown    for a pull request
    union       both state graphs of a resource as one
    mermaid     that graph, for Markdown
    svg         that graph, drawn by graphviz
"""
