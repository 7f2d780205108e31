"""The words that a translator says: how they are spelled, which are frequent, and white space."""

from collections import Counter
from collections.abc import Iterable, Sequence

from han_core.models.translator import TranslatorConfig
from han_core.text.document import Document, Span
from han_core.text.vocabulary import RESERVED, Vocabulary

ATTACHED_BEFORE, ATTACHED_AFTER = 1, 2


def words_of(document: Document) -> list[str]:
    """Return the tokens as vocabularies spell them: with straight apostrophes."""
    return [
        token.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") for token in document.token_texts()
    ]


def target_vocabulary(
    translations: Sequence[Sequence[str]], minimum_count: int, maximum_size: int
) -> tuple[str, ...]:
    """Return the frequent words, the first of a sentence in the case that it has within others."""
    within = Counter(word for words in translations for word in words[1:])
    counts = Counter(within)
    for words in translations:
        if words:
            first, lower = words[0], words[0].lower()
            counts[first if within[first] > within[lower] else lower] += 1
    return Vocabulary(RESERVED, False).extended(counts, minimum_count, maximum_size).words


def attached_sides(documents: Iterable[Document], words: Sequence[str]) -> tuple[int, ...]:
    """Return for each word whether no white space stands before (1) and after it (2).

    Two words stand together where one of them is so. A word that is most often attached is taken
    to be so unless its neighbours are the reason: "hier" is none for standing before full stops.
    Those with the fewest different neighbours are doubted first.
    """
    gaps: tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]] = (Counter(), Counter())
    for document in documents:
        tokens, spans = words_of(document), document.tokens
        for place in range(1, len(spans)):
            spaced = spans[place - 1].end < spans[place].start
            gaps[spaced][tokens[place - 1], tokens[place]] += 1
    neighbours: dict[tuple[int, str], Counter[str]] = {}
    for sign, pairs in zip((1, -1), gaps, strict=True):
        for (before, after), count in pairs.items():
            signed = sign * count
            neighbours.setdefault((1, before), Counter())[after] += signed
            neighbours.setdefault((0, after), Counter())[before] += signed
    attached = {key for key, others in neighbours.items() if others.total() > 0}
    for side, word in sorted(attached, key=lambda key: (len(neighbours[key]), key)):
        others = neighbours[side, word].items()
        if sum(count for other, count in others if (1 - side, other) not in attached) <= 0:
            attached.discard((side, word))
    return tuple(((0, word) in attached) + 2 * ((1, word) in attached) for word in words)


def written(numbers: Sequence[int], config: TranslatorConfig) -> tuple[str, tuple[Span, ...]]:
    """Return the text of numbered target words, and where each of them stands in it."""
    text, spans, after = "", [], ATTACHED_AFTER
    for number in numbers:
        word, sides = config.target_words[number], config.attached[number]
        if not text and len(word[0].upper()) == 1:
            word = word[0].upper() + word[1:]
        elif not (after & ATTACHED_AFTER or sides & ATTACHED_BEFORE):
            text += " "
        spans.append(Span(len(text), len(text) + len(word)))
        text, after = text + word, sides
    return text, tuple(spans)
