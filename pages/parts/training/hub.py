"""A data set of the hub: its configurations, splits, columns and first rows, before a download."""

from dataclasses import dataclass

import streamlit as st

from pages.parts.kept import carry
from pages.parts.training import cached, saying
from pages.parts.wording import plain

LONGEST_NAME = 200


@dataclass(frozen=True)
class Chosen:
    """One split of a data set, and what else there is to validate or test on."""

    data: str
    name: str
    columns: tuple[str, ...]
    others: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def chosen() -> Chosen | None:
    """The pickers; None until a name is given.

    Raises:
        WrongInput: if the hub cannot be reached or knows no such data set.
    """
    from han_core.wrong_input import WrongInput

    carry("train_hub", "")
    name = st.text_input(
        "Name on the hub", key="train_hub", placeholder="stanfordnlp/imdb",
        max_chars=LONGEST_NAME, persist_state="session",
    ).strip()  # fmt: skip
    if not name:
        st.caption(saying.HUB)
        return None
    first = cached.hub_offer(name, None, None)
    left, right = st.columns(2)
    with left:
        config = _part("train_hub_config", "Configuration", [c.name for c in first.configs],
                       first.config.name)  # fmt: skip
    splits = next(c.splits for c in first.configs if c.name == config)
    rows = {split.name: split.rows for split in splits}
    with right:
        split = _part("train_hub_split", "Split to train on", list(rows),
                      "train" if "train" in rows else next(iter(rows)), rows)  # fmt: skip
    offer = cached.hub_offer(name, config, split)
    st.caption(plain(saying.offer(offer)))
    columns = tuple(column.name for column in offer.columns if column.kind != "not read")
    if len(columns) < 2:
        raise WrongInput(f"{offer.name} shows no two columns that could be texts and labels.")
    others = tuple(offer.spec_of(config, other) for other in rows if other != split)
    return Chosen(offer.spec, offer.name, columns, others, offer.rows)


def _part(
    key: str, title: str, there: list[str], usual: str, rows: dict[str, int | None] | None = None
) -> str:
    if st.session_state.get(key) not in there:
        st.session_state[key] = usual  # another data set
    carry(key, usual)

    def named(name: str) -> str:
        number = (rows or {}).get(name)
        return name if number is None else f"{name} ({number:,} rows)"

    return st.selectbox(title, there, format_func=named, key=key, persist_state="session")
