"""What the columns of a table of documents are called.

It knows nothing about what stands in them.
"""

from han_core.errors.opened.store import Store

FIXED = (
    "row", "id", "true", "predicted", "wrong", "confidence", "p_true", "loss", "tokens",
    "unknown", "entropy", "other", "excerpt", "content",
)  # fmt: skip


def own_columns(store: Store) -> dict[str, str]:
    """The data's own columns: for each name in tables, what it is called in the data.

    One that is called like ours gets "(data)".
    """
    found: dict[str, str] = {}
    for column in store.documents.columns:
        name = column
        while name in FIXED or name in found:
            name += " (data)"
        found[name] = column
    return found
