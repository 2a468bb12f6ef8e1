"""What a page says of the store of a manager, and of the hook that settles."""
from __future__ import annotations

from berthc.answers.prose import code, md, sentence
from berthc.model import Manager

SETTLE_FACTS = (
    "must be there",
    "ends ok when no call of an earlier epoch can take effect any more",
    "may not be pending",
)


def store_words(manager: Manager) -> list[str]:
    """Paragraphs of Markdown; none without a store."""
    if manager.store is None:
        return []
    settle = manager.store.settle
    words = (
        f"{code(manager.name + '_open')} takes a store, which keeps what is tracked when the"
        " process dies. A caller that holds something gives its name: the owner. After a restart"
        " the manager tells the owners of its reservations."
    )
    if settle is None:
        return [words]
    words += (
        f" Recovery first calls {code(settle)}: no call of an earlier epoch can take effect"
        " after it."
    )
    return [words, *([md(sentence(manager.store.brief))] if manager.store.brief else [])]
