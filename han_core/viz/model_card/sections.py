"""The sections of a model card in sentences and tables, for the page and the README.

Text in them may come from a stranger's file; the page and the README escape it.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from han_core.explanation.verdicts import short
from han_core.models.registry import model_kind
from han_core.runtime.errors import counted, joined, listed
from han_core.runtime.messages import mark, tr
from han_core.text.languages import language_name
from han_core.viz.model_card.content import (
    Baseline,
    Card,
    Counted,
    Faithfulness,
    Plausibility,
    Section,
    Speed,
    Table,
    Weaknesses,
    interval_cell,
    p_equals,
    p_value,
    share_cells,
)
from han_core.viz.model_card.known import AdaptationFacts, CheckpointFacts

STRANGE = mark(
    "A text with words missing is a text that nobody wrote, so part of every fall is its "
    "strangeness: look at the distance to random words."
)
FEW = mark(
    "They were written for teaching and are few, so intervals are wide: a difference between two "
    "of them may be chance."
)
PLAUSIBLE = mark(
    "That attention stands where people would mark a text makes a picture plausible; whether the "
    "model goes by it is what faithfulness is about."
)
ORDERS = {
    "attention": mark("Attention"),
    "gradient": mark("Gradient"),
    "leave_one_out": mark("Leave-one-out"),
    "random": mark("Random"),
    "people": mark("People"),
}
PRECISIONS = {
    "float32": mark("single precision"),
    "float16": mark("half precision"),
    "int8": mark("half precision, word vectors in bytes"),
}
_RANKED = ("attention", "gradient", "leave_one_out", "random")


def findings(card: Card) -> Iterator[Section]:
    """A section for each thing that was measured."""
    if card.weaknesses:
        yield _weak(card.weaknesses)
    if card.faithfulness:
        yield _faithful(card.faithfulness)
    if card.plausibility:
        yield _plausible(card.plausibility)
    if card.speed:
        yield _fast(card.speed)


def _weak(weaknesses: Weaknesses) -> Section:
    order = sorted(weaknesses.tags.items(), key=lambda pair: (pair[1].right / pair[1].n, pair[0]))
    rows = [(tag, f"{one.n:,}", *share_cells(one)) for tag, one in order]
    total = weaknesses.all
    documents = counted(total.n, "document")
    first = tr(
        "Of {documents} of {data} it gets {share:.1%} right.",
        documents=documents, data=weaknesses.data, share=total.right / total.n,
    )  # fmt: skip
    weakest = tr("It does worst on {tag}.", tag=order[0][0]) if len(order) > 1 else ""
    rows.append((tr("all"), f"{total.n:,}", *share_cells(total)))
    header = (tr("Tag"), tr("Documents"), tr("Accuracy"), tr("95% interval"))
    table = Table(header, tuple(rows))
    return Section(tr("Weaknesses"), tuple(filter(None, (first, weakest, tr(FEW)))), (table,))


def _faithful(report: Faithfulness) -> Section:
    """Section by section as the command ``faithfulness`` measures it."""
    falls = {by: getattr(report.comprehensiveness, by).mean for by in _RANKED}
    first = tr(
        "Measured on {documents} of {data}, spread over predicted classes and lengths; intervals "
        "are 95% of a bootstrap over documents.",
        documents=counted(report.n, "document"), data=report.data,
    )  # fmt: skip
    sentences = [first, *_captured(report, falls), tr(STRANGE)]
    header = (tr("Fall of the probability"), *(tr(ORDERS[by]) for by in _RANKED))
    names = (tr("without the top words"), tr("with only the top words"))
    ranked = zip(names, (report.comprehensiveness, report.sufficiency), strict=True)
    rows = [(name, *(interval_cell(getattr(one, by)) for by in _RANKED)) for name, one in ranked]
    others = Table((tr("Figure"), tr("Mean and interval")), tuple(_others(report)))
    return Section(tr("Faithfulness"), tuple(sentences), (Table(header, tuple(rows)), others))


def _captured(report: Faithfulness, falls: dict[str, float | None]) -> Iterator[str]:
    attention, random, out = (falls[by] for by in ("attention", "random", "leave_one_out"))
    if attention is None or random is None or out is None:
        return
    yield tr(
        "Without its most attended words a document's probability falls by {attention} at the "
        "mean, without random words by {random}, and by {out} without those that matter most one "
        "by one.",
        attention=short(attention), random=short(random), out=short(out),
    )  # fmt: skip
    if report.captured.mean is not None:
        yield tr(
            "So attention captures {share:.0%} of what leave-one-out finds beyond random words.",
            share=report.captured.mean,
        )


def _others(report: Faithfulness) -> Iterator[tuple[str, str]]:
    yield tr("tau of attention with gradient"), interval_cell(report.tau_gradient)
    yield tr("tau of attention with leave-one-out"), interval_cell(report.tau_leave_one_out)
    yield tr("tau of those two with each other"), interval_cell(report.tau_ceiling)
    flip = report.flip
    yield tr("share zeroed until the decision flips, by attention"), interval_cell(flip.attention)
    yield tr("share zeroed until the decision flips, by gradient"), interval_cell(flip.gradient)
    yield tr("share zeroed until the decision flips, by random"), interval_cell(flip.random)
    yield tr("documents that an order never flips"), interval_cell(report.flip.never)
    yield tr("documents that uniform attention flips"), interval_cell(report.uniform_flips)
    yield tr("change when attention is shuffled"), interval_cell(report.permutation_shift)


def _plausible(report: Plausibility) -> Section:
    """Beside what people marked; the last column is how far they agree with each other."""
    by = (*_RANKED, "people")
    names = (tr("area under precision and recall"), tr("token F1 at the length people marked"))
    measures = zip(names, (report.auprc, report.f1), strict=True)
    rows = [(name, *(interval_cell(getattr(one, order)) for order in by)) for name, one in measures]
    header = (tr("Agreement with people"), *(tr(ORDERS[order]) for order in by))
    first = tr(
        "Measured on {documents} of {data}.",
        documents=counted(report.n, "document"), data=report.data,
    )  # fmt: skip
    return Section(tr("Plausibility"), (first, tr(PLAUSIBLE)), (Table(header, tuple(rows)),))


def _fast(speed: Speed) -> Section:
    threads = counted(speed.threads, "thread")
    sentence = tr(
        "{count:,.0f} documents of {words:,.0f} words a second, from text to prediction, on "
        "{machine} with {threads}.",
        count=speed.documents_per_second, words=speed.words, machine=speed.machine,
        threads=threads,
    )  # fmt: skip
    return Section(tr("Speed"), (sentence,))


NO_BASELINE = mark(
    "No other model was measured on the same documents, so whether a bag of words does as well "
    "is not known."
)


def sections(facts: CheckpointFacts, card: Card | None) -> tuple[Section, ...]:
    """All that is facts of a checkpoint; without a card, what its own metrics say."""
    parts = [_model(facts), _accuracy(facts, card.rivals if card else None)]
    if facts.adaptation is not None:
        parts.append(_adapted(facts.adaptation))
    if card is not None:
        parts += findings(card)
    sentences = (_teachers(facts), *facts.notes.values())
    return (*parts, recipe(facts.seed, facts.date, facts.settings, sentences, facts.command))


def _model(facts: CheckpointFacts) -> Section:
    config = facts.config
    shape, vocabulary = config.architecture, config.architecture.vocabulary_size
    precision = tr(PRECISIONS[config.weights])
    rows = [
        (
            tr("Kind"),
            tr(
                "{model}, {attention} attention",
                model=tr(model_kind(shape.model).title), attention=shape.attention,
            ),
        ),
        (tr("Language"), language_name(config.text.language)),
        (
            tr("Tokenizer"),
            tr(
                "{tokenizer}, version {version}",
                tokenizer=config.text.segmentation, version=config.text.tokenizer_version,
            ),
        ),
        (tr("Classes"), listed(config.labels)),
        (tr("Data"), facts.dataset or tr("not recorded")),
        (tr("Documents"), _documents(facts) or tr("not recorded")),
        (tr("Vocabulary"), counted(vocabulary, "word")),
        (
            tr("Size"),
            tr(
                "{count:,} parameters in {precision}, {size:.1f} MB",
                count=facts.parameters, precision=precision, size=facts.bytes / 1e6,
            ),
        ),
    ]  # fmt: skip
    return Section(tr("The model"), tables=(Table((tr("Checkpoint"), facts.name), tuple(rows)),))


def _documents(facts: CheckpointFacts) -> str:
    """ "23,000 train, 2,000 validation"."""
    pairs = facts.documents.items()
    return tr(", ").join(part_size(name, n) for name, n in pairs if n)


PARTS = {
    "train": mark("{count:,} train"),
    "validation": mark("{count:,} validation"),
    "test": mark("{count:,} test"),
    "unlabelled": mark("{count:,} unlabelled"),
}


def part_size(name: str, count: int) -> str:
    """Return "2,000 validation" of a part of the data."""
    if name in PARTS:
        return tr(PARTS[name], count=count)
    return f"{count:,} {name.replace('_', ' ')}"


def _accuracy(facts: CheckpointFacts, baselines: Sequence[Baseline] | None) -> Section:
    n, right = facts.documents.get("test", 0), facts.right
    sentences = [_validation(facts), _seeds(facts.seeds)]
    if right is None:
        return Section(tr("Accuracy"), tuple(filter(None, (tr("It was not tested."), *sentences))))
    f1 = facts.test.macro_f1
    own = Baseline(name=tr("this model"), accuracy=right / n, n=n, macro_f1=f1)
    rows = [_baseline_row(one) for one in (own, *(baselines or ()))]
    header = (
        tr("Model"), tr("Test accuracy"), tr("95% interval"), tr("Macro F1"), tr("McNemar's p"),
    )  # fmt: skip
    comparison = _against_baselines(right / n, baselines) if baselines else tr(NO_BASELINE)
    width = len(header) - (not any(one.p is not None for one in baselines or ()))
    table = Table(header[:width], tuple(row[:width] for row in rows))
    return Section(tr("Accuracy"), tuple(filter(None, (comparison, *sentences))), (table,))


def _baseline_row(baseline: Baseline) -> tuple[str, ...]:
    right = Counted(n=baseline.n, right=round(baseline.accuracy * baseline.n))
    f1 = "–" if baseline.macro_f1 is None else f"{baseline.macro_f1:.4f}"
    return (
        baseline.name,
        *share_cells(right),
        f1,
        "–" if baseline.p is None else p_value(baseline.p),
    )


def _against_baselines(accuracy: float, baselines: Sequence[Baseline]) -> str:
    """The strongest other model, and how far it is away."""
    best = max(baselines, key=lambda baseline: baseline.accuracy)
    points = 100 * (accuracy - best.accuracy)
    strongest = tr("{model}, the strongest of the other models", model=best.name)
    if best.p is not None:
        strongest = tr(
            "{model}, the strongest of the other models (McNemar's test: p {p})",
            model=best.name, p=p_equals(best.p),
        )  # fmt: skip
    if not round(points, 2):
        return tr("It does as well as {model}.", model=strongest)
    if points > 0:
        return tr("It is {points:.2f} points above {model}.", points=points, model=strongest)
    return tr("It is {points:.2f} points below {model}.", points=-points, model=strongest)


def _validation(facts: CheckpointFacts) -> str:
    accuracy = facts.reached["validation"].accuracy
    if accuracy is None:
        return ""
    return tr("On the validation documents it reaches {share:.2%}.", share=accuracy)


def _seeds(runs: Sequence[tuple[int, float]]) -> str:
    """Mean and spread over runs that differ in the seed."""
    if len(runs) < 2:
        return ""
    reached = np.array([accuracy for _, accuracy in runs])
    return tr(
        "Over {count} seeds the test accuracy is {mean:.2%} at the mean, {least:.2%} to {most:.2%} "
        "(standard deviation {deviation:.2f} points).",
        count=len(runs), mean=reached.mean(), least=reached.min(), most=reached.max(),
        deviation=100 * reached.std(ddof=1),
    )  # fmt: skip


ADAPTED = mark(
    "It was trained with labels of the source alone, against a domain classifier on texts of the "
    "target domain. The proxy A-distance is that of a fresh probe on held-out vectors: 0 where it "
    "cannot tell the domains apart, 2 where it always can."
)


def _adapted(facts: AdaptationFacts) -> Section:
    before, after = facts.distances
    accuracy = tr(
        "Accuracy on {documents} of {domain}",
        documents=counted(facts.documents, "held-out document"), domain=facts.target,
    )  # fmt: skip
    known = (
        (accuracy, facts.accuracy, ".1%"),
        (tr("Accuracy of the domain classifier"), facts.classifier, ".1%"),
        (tr("Proxy A-distance before training"), before, ".2f"),
        (tr("Proxy A-distance after"), after, ".2f"),
    )
    rows = [(name, f"{value:{form}}") for name, value, form in known if value is not None]
    table = (Table((tr("Target domain"), facts.target), tuple(rows)),) if rows else ()
    return Section(tr("Another domain"), (tr(ADAPTED),), table)


def recipe(
    seed: int | None,
    date: str,
    settings: Mapping[str, str],
    sentences: Sequence[str],
    command: str,
) -> Section:
    """Return how a model was made: its settings, sentences, and the command that makes it again."""
    made = [(tr("seed"), "" if seed is None else str(seed)), (tr("date"), date)]
    rows = [(name, value) for name, value in (*made, *settings.items()) if value]
    table = (Table((tr("Setting"), tr("Value")), tuple(rows)),) if rows else ()
    return Section(tr("How it was made"), tuple(filter(None, sentences)), table, command)


def _teachers(facts: CheckpointFacts) -> str:
    if not facts.teachers:
        return ""
    parts = {
        "unlabelled": tr("unlabelled documents"),
        "stretches": tr("parts of the training documents"),
    }
    what = joined([text for name, text in parts.items() if facts.documents.get(name)])
    return tr(
        "It learnt from {documents} too, as {models} labelled them.",
        documents=what or parts["unlabelled"], models=joined(facts.teachers),
    )  # fmt: skip
