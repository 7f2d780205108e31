"""Two models on the same documents as tables: each true class, and each measured document.

It knows nothing about how a table is drawn.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from han_core.errors.pairs.pair import CHANGES, Pair, adjusted
from han_core.errors.pairs.pair_attention import PairAttention
from han_core.evidence.bootstrap import NOTHING

if TYPE_CHECKING:
    import pandas as pd

    from han_core.errors.opened.store import Store

MOST_SHOWN = 100


def class_table(pairs: Sequence[Pair], labels: Sequence[str]) -> "pd.DataFrame":
    """A row for each true class that has a document, in the order of the classes.

    Columns: class, documents, first and second (accuracies), difference (second − first) with
    the ends low and high of its 95% interval, fixed, broken, p (McNemar), p_holm (adjusted for
    the classes that are tested); the last two are None where nothing tells the models apart.
    """
    import pandas as pd

    rows = []
    for pair, label, p_holm in zip(pairs, labels, adjusted(tuple(pairs)), strict=True):
        if pair.accuracies is None:
            continue
        first, second = pair.accuracies
        difference = pair.difference or NOTHING
        rows.append(
            {
                "class": label, "documents": len(pair), "first": first, "second": second,
                "difference": difference.mean, "low": difference.low, "high": difference.high,
                "fixed": pair.fixed, "broken": pair.broken,
                "p": None if p_holm is None else pair.test.p, "p_holm": p_holm,
            }
        )  # fmt: skip
    columns = ["class", "documents", "first", "second", "difference", "low", "high", "fixed",
               "broken", "p", "p_holm"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def attention_table(store: "Store", found: PairAttention, most: int = MOST_SHOWN) -> "pd.DataFrame":
    """The documents whose prediction differs, the largest divergence of attention first.

    Columns: row, id, divergence (nats), change, true, first and second (predictions), words
    (that differ most, "+" where the second model gives more), excerpt.
    """
    from han_core.errors.asked.table import USUAL, page

    places = [at for at in range(len(found.rows)) if found.changed[at]][:most]
    rows = found.rows[places]
    own = ["row", "id", "true", "predicted", "other", "excerpt"]  # the data's may be named alike
    shown = page(store, rows, USUAL[0], 0, len(rows))[own].set_index("row").loc[rows].reset_index()
    shown = shown.rename(columns={"predicted": "first", "other": "second"})
    shown["divergence"] = found.divergence[places]
    shown["change"] = [CHANGES[at] for at in found.change[places]]
    shown["words"] = [
        " ".join(f"{'+' if word.second > word.first else '−'}{word.word}" for word in words)
        for words in (found.leading[at] for at in places)
    ]
    names = ["row", "id", "divergence", "change", "true", "first", "second", "words", "excerpt"]
    return shown[names]
