"""Counterfactual suggestions: small edits that may change the answer, with the answer after each.

The words that count are found by leave-one-out, among the words with most attention. The few
words whose removal flips the prediction are found greedily: the word goes whose removal lowers
the prediction most, again and again; fewer words may be enough.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from han_core.explanation.model_probe import ModelProbe
from han_core.models.predict import predict_numbered
from han_core.text.batch import NumberedDocument
from han_core.text.document import is_mark
from han_core.text.edits import Edit, apply_edits
from han_core.text.perturbations import Replacement, negations
from han_core.text.vocabulary import RESERVED, UNKNOWN

_OPPOSITES = {
    "en": (
        ("good", "bad"), ("great", "terrible"), ("excellent", "awful"), ("best", "worst"),
        ("better", "worse"), ("love", "hate"), ("loved", "hated"), ("like", "dislike"),
        ("wonderful", "dreadful"), ("perfect", "flawed"), ("brilliant", "stupid"),
        ("beautiful", "ugly"), ("interesting", "boring"), ("funny", "dull"), ("fun", "tedious"),
        ("enjoyable", "annoying"), ("enjoyed", "suffered"), ("amazing", "disappointing"),
        ("superb", "poor"), ("happy", "sad"), ("pleasant", "unpleasant"), ("clean", "dirty"),
        ("cheap", "expensive"), ("friendly", "rude"), ("fast", "slow"), ("strong", "weak"),
        ("clever", "silly"), ("fresh", "stale"), ("warm", "cold"), ("quiet", "noisy"),
        ("useful", "useless"), ("success", "failure"), ("easy", "difficult"), ("always", "never"),
        ("everything", "nothing"), ("well", "badly"), ("recommend", "avoid"), ("more", "less"),
    ),
    "zh": (
        ("好", "差"), ("干净", "肮脏"), ("便宜", "昂贵"), ("满意", "失望"), ("喜欢", "讨厌"),
        ("热情", "冷漠"), ("舒服", "难受"), ("舒适", "简陋"), ("安静", "吵闹"), ("方便", "麻烦"),
        ("快", "慢"), ("新", "旧"), ("大", "小"), ("漂亮", "难看"), ("好吃", "难吃"),
        ("优秀", "糟糕"), ("精彩", "无聊"), ("推荐", "避开"), ("宽敞", "狭窄"), ("耐心", "粗暴"),
        ("一流", "三流"), ("值得", "不值"), ("不错", "很差"), ("开心", "难过"),
    ),
}  # fmt: skip

ANTONYMS = {
    language: dict((*pairs, *((other, word) for word, other in pairs)))
    for language, pairs in _OPPOSITES.items()
}
"""Language → word in lower case → its opposite: short lists of our own, and no dictionary."""

CANDIDATES = 100
"""Words with most attention that are tried one by one."""

POOL = 40
"""Words that count most, of which some are taken out until the prediction flips."""

READ_AT_ONCE = 30_000
"""Tokens of all variants of a text together."""

MOST_REMOVED = 15
SWAPPED = 10  # words that count most, among which an opposite is looked for
NEAREST = 8  # words of the vocabulary that are tried in the place of one
MOST_NEGATIONS = 20

Kind = Literal["negate", "opposite", "similar", "flip"]


@dataclass(frozen=True)
class Suggestion:
    """Edits of a document and the model's answer after them.

    Attributes:
        changes: (before, after) in words of each edit; "" where nothing stands.
        label: predicted after the edits.
        probability: after them, of the class that was predicted before.
    """

    kind: Kind
    edits: tuple[Edit, ...]
    changes: tuple[tuple[str, str], ...]
    label: str
    probability: float


def suggest(probe: ModelProbe) -> list[Suggestion]:
    """Return up to four suggestions, one of a kind; none of a document of one word."""
    if probe.tokens < 2:
        return []
    order = words_that_count(probe)
    choices: dict[Kind, list[tuple[Edit, ...]]] = {
        "negate": _negated(probe),
        "opposite": _opposite(probe, order[:SWAPPED]),
        "similar": _similar(probe, order),
        "flip": smallest_flip(probe, order),
    }
    found = (_best(probe, kind, tried) for kind, tried in choices.items())
    return [suggestion for suggestion in found if suggestion is not None]


def words_that_count(probe: ModelProbe) -> np.ndarray:
    """Return tokens, at most ``CANDIDATES``, those first whose removal lowers p most.

    Punctuation marks are left out.
    """
    texts = probe.document.token_texts()
    words = np.array([at for at, text in enumerate(texts) if not is_mark(text)], dtype=int)
    weights = probe.explanation.document_weights[words]
    candidates = words[np.argsort(-weights, kind="stable")[: _affordable(probe, CANDIDATES)]]
    if not len(candidates):
        return candidates
    left = _without(probe, candidates[:, None].tolist())[:, probe.target]
    return candidates[np.argsort(left, kind="stable")]


def smallest_flip(probe: ModelProbe, order: np.ndarray) -> list[tuple[Edit, ...]]:
    """Return the edits that take few words out so that the prediction flips; [] if none does.

    None is looked for in long texts, where it would take seconds a word.

    Args:
        order: tokens among which words are taken out, those that count most first.
    """
    if probe.tokens * POOL > READ_AT_ONCE:  # every step would take seconds
        return []
    pool: list[int] = order[:POOL].tolist()
    gone: list[int] = []
    for _ in range(min(len(pool), MOST_REMOVED, probe.tokens - 1)):
        answers = _without(probe, [[*gone, token] for token in pool])
        best = int(answers[:, probe.target].argmin())
        gone.append(pool.pop(best))
        if answers[best].argmax() != probe.target:
            gone = _needed(probe, gone)
            return [tuple(Edit(*probe.document.tokens[token]) for token in sorted(gone))]
    return []


def _needed(probe: ModelProbe, gone: list[int]) -> list[int]:
    """Those of ``gone`` without which the prediction does not stay flipped, one by one."""
    for token in gone[:-1]:
        less = [other for other in gone if other != token]
        if _without(probe, [less])[0].argmax() != probe.target:
            gone = less
    return gone


def _without(probe: ModelProbe, gone: Sequence[Sequence[int]]) -> np.ndarray:
    """(variants, classes) probabilities without each of these sets of tokens."""
    kept = np.ones((len(gone), probe.tokens), dtype=bool)
    for variant, tokens in enumerate(gone):
        kept[variant, tokens] = False
    return probe.probabilities(kept)


def _affordable(probe: ModelProbe, most: int) -> int:
    """Variants of a text that are asked about at once, so that long texts do not take minutes."""
    return max(5, min(most, READ_AT_ONCE // probe.tokens))


def _negated(probe: ModelProbe) -> list[tuple[Edit, ...]]:
    """Each negation alone: which one counts is asked of the model."""
    text, language = probe.document.text, probe.checkpoint.config.text.language
    found = negations(text[: probe.document.seen], language)
    edits = (
        _whole_tokens(probe, replacement)
        for replacement in found[: _affordable(probe, MOST_NEGATIONS)]
    )
    return [(edit,) for edit in edits if edit is not None]


def _whole_tokens(probe: ModelProbe, replacement: Replacement) -> Edit | None:
    """The edit of all tokens that a replacement touches; None where it touches none."""
    tokens, (start, end, new) = probe.document.tokens, replacement
    first = bisect_right([token.end for token in tokens], start)
    last = bisect_left([token.start for token in tokens], end) - 1
    if first > last:
        return None
    left, right, text = tokens[first].start, tokens[last].end, probe.document.text
    return Edit(left, right, text[left:start] + new + text[end:right])


def _opposite(probe: ModelProbe, order: np.ndarray) -> list[tuple[Edit, ...]]:
    """Opposites of words that count, each alone."""
    opposites = ANTONYMS.get(probe.checkpoint.config.text.language, {})
    texts = probe.document.token_texts()
    return [
        (_swap(probe, at, opposites[word]),)
        for at in order.tolist()
        if (word := texts[at].lower()) in opposites
    ]


def _similar(probe: ModelProbe, order: np.ndarray) -> list[tuple[Edit, ...]]:
    """The nearest words of the vocabulary in the place of the known word that counts most."""
    numbers = _numbers(probe.numbered)
    known = [at for at in order.tolist() if numbers[at] != UNKNOWN]
    if not known:
        return []
    words = nearest_words(probe, int(numbers[known[0]]), NEAREST)
    return [(_swap(probe, known[0], word),) for word in words]


def _numbers(document: NumberedDocument) -> np.ndarray:
    """(tokens,) number of each token in the vocabulary; unknown where it is of several pieces."""
    starts = document.token_starts
    whole = np.diff(starts, append=len(document.words)) == 1
    return np.where(whole, document.words[starts], UNKNOWN)


def nearest_words(probe: ModelProbe, number: int, most: int) -> list[str]:
    """Return the words nearest to one of the vocabulary, by the cosine of their vectors."""
    vocabulary = probe.checkpoint.vocabulary.words
    vectors = probe.checkpoint.model.embedding.weight.detach().cpu().double().numpy()
    lengths = np.linalg.norm(vectors, axis=1)
    cosine = vectors @ vectors[number] / np.maximum(lengths * lengths[number], 1e-12)
    cosine[[number, *range(len(RESERVED))]] = -np.inf
    order = np.argsort(-cosine, kind="stable")[: 4 * most].tolist()
    words = [vocabulary[at] for at in order if np.isfinite(cosine[at])]
    return [word for word in words if word.isalpha()][:most]


def _swap(probe: ModelProbe, token: int, word: str) -> Edit:
    """The edit that puts ``word`` in place of a token, with a capital where that has one."""
    start, end = probe.document.tokens[token]
    capital = probe.document.text[start].isupper()
    return Edit(start, end, word.capitalize() if capital else word)


def _best(probe: ModelProbe, kind: Kind, tried: list[tuple[Edit, ...]]) -> Suggestion | None:
    """The one of several sets of edits after which the predicted class is least likely."""
    if not tried:
        return None
    checkpoint, target = probe.checkpoint, probe.target
    documents = [
        apply_edits(probe.document, edits, checkpoint.tokenizer).document for edits in tried
    ]
    numbered = [checkpoint.number(document) for document in documents]
    answers = predict_numbered(checkpoint.model, numbered, name=checkpoint.name)
    best = int(answers[:, target].argmin())
    text = probe.document.text
    changes = tuple((text[edit.start : edit.end], edit.replacement) for edit in tried[best])
    label = checkpoint.labels[int(answers[best].argmax())]
    return Suggestion(kind, tried[best], changes, label, float(answers[best, target]))
