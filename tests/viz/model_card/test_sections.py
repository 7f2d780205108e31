"""A card in words: figures by hand, and nothing said that was not measured."""

from dataclasses import replace

import pytest

from han_core.explanation.statistics import NO_INTERVAL, Interval
from han_core.viz.model_card.content import Baseline, Card, Section, Table, in_words, p_value
from han_core.viz.model_card.known import AdaptationFacts, checkpoint_facts
from han_core.viz.model_card.sections import NO_BASELINE, sections


@pytest.fixture
def drawn(folder, card) -> dict[str, Section]:
    return {section.title: section for section in sections(checkpoint_facts(folder), card)}


def test_sections_in_order(folder, card):
    titles = [section.title for section in sections(checkpoint_facts(folder), card)]
    assert titles == [
        "The model", "Accuracy", "Weaknesses", "Faithfulness", "Plausibility", "Speed",
        "How it was made",
    ]  # fmt: skip
    titles = [section.title for section in sections(checkpoint_facts(folder), None)]
    assert titles == ["The model", "Accuracy", "How it was made"]


def test_the_model(drawn, folder):
    facts = dict(drawn["The model"].tables[0].rows)
    assert facts["Kind"] == "HAN, additive attention"
    assert facts["Language"] == "English"
    assert facts["Classes"] == '"negative", "positive"'
    assert facts["Documents"] == "900 train, 100 validation, 1,000 test, 5,000 unlabelled"
    assert facts["Size"].startswith(
        f"{checkpoint_facts(folder).parameters:,} parameters in single precision"
    )


def test_accuracy_next_to_baselines(drawn):
    section = drawn["Accuracy"]
    (table,) = section.tables
    # Wilson of 900 of 1,000 by hand: (.9 + .0019207 ± .0187) / 1.0038415
    assert table.rows[0] == ("this model", "90.0%", "88.0% to 91.7%", "0.8991", "–")
    assert table.rows[1][:2] == ("nb-svm", "91.0%")
    assert table.rows[1][3:] == ("0.9000", ".031")
    assert table.rows[2][3:] == ("–", "–")
    assert section.sentences == (
        "It is 1.00 points below nb-svm, the strongest of the other models "
        "(McNemar's test: p = .031).",
        "On the validation documents it reaches 93.00%.",
        "Over 3 seeds the test accuracy is 91.00% at the mean, 90.00% to 92.00% "
        "(standard deviation 1.00 points).",
    )


@pytest.mark.parametrize(
    ("accuracy", "p", "said"),
    [
        (0.85, None, "It is 5.00 points above a, the strongest of the other models."),
        (0.9, 1.0, "It does as well as a, the strongest of the other models (McNemar's test: p = 1.000)."),  # noqa: E501
        (0.99, 1e-9, "It is 9.00 points below a, the strongest of the other models (McNemar's test: p < .001)."),  # noqa: E501
    ],
)  # fmt: skip
def test_the_sentence_about_the_strongest_baseline(folder, card, accuracy, p, said):
    rivals = (
        Baseline(name="b", accuracy=0.1, n=1000),
        Baseline(name="a", accuracy=accuracy, n=1000, p=p),
    )
    found = sections(checkpoint_facts(folder), card.model_copy(update={"rivals": rivals}))
    assert found[1].sentences[0] == said


def test_without_baselines_the_card_says_so(folder, card):
    section = sections(checkpoint_facts(folder), card.model_copy(update={"rivals": None}))[1]
    assert section.sentences[0] == NO_BASELINE
    assert section.tables[0].header == ("Model", "Test accuracy", "95% interval", "Macro F1")


def test_without_a_test_nothing_is_claimed(folder):
    (folder / "metrics.json").write_text('{"validation": {"accuracy": 0.99}}')
    section = sections(checkpoint_facts(folder), None)[1]
    assert section.tables == ()
    assert section.sentences == (
        "It was not tested.", "On the validation documents it reaches 99.00%.",
    )  # fmt: skip


def test_weaknesses_begin_with_the_worst(drawn):
    section = drawn["Weaknesses"]
    assert section.tables[0].rows == (
        ("sarcasm", "20", "60.0%", "38.7% to 78.1%"),
        ("negation", "10", "90.0%", "59.6% to 98.2%"),
        ("all", "30", "70.0%", "52.1% to 83.3%"),
    )
    assert section.sentences[:2] == (
        "Of 30 documents of bundled:classroom@all it gets 70.0% right.",
        "It does worst on sarcasm.",
    )


def test_faithfulness(drawn):
    section = drawn["Faithfulness"]
    assert section.tables[0].rows == (
        ("without the top words", ".29 (.28 to .30)", ".28 (.27 to .29)", ".56 (.55 to .57)",
         ".02 (.01 to .03)"),
        ("with only the top words", ".01 (.00 to .02)", "−.02 (−.03 to −.01)",
         "−.09 (−.10 to −.08)", ".24 (.23 to .25)"),
    )  # fmt: skip
    others = dict(section.tables[1].rows)
    assert others["change when attention is shuffled"] == "none"
    assert others["tau of attention with gradient"] == ".40 (.39 to .41)"
    assert (
        "falls by .29 at the mean, without random words by .02, and by .56" in section.sentences[1]
    )
    assert section.sentences[2] == (
        "So attention captures 50% of what leave-one-out finds beyond random words."
    )


def test_what_has_no_value_is_not_spoken_of(folder, card):
    none = card.faithfulness.captured.model_copy(update=dict.fromkeys(("mean", "low", "high")))
    found = card.faithfulness.model_copy(update={"captured": none})
    section = sections(checkpoint_facts(folder), card.model_copy(update={"faithfulness": found}))[3]
    assert not any("captures" in one for one in section.sentences)


def test_plausibility_and_speed(drawn):
    (table,) = drawn["Plausibility"].tables
    assert [row[1] for row in table.rows] == [".40 (.39 to .41)"] * 2
    assert [row[-1] for row in table.rows] == [".60 (.59 to .61)"] * 2
    assert drawn["Speed"].sentences == (
        "1,234 documents of 270 words a second, from text to prediction, on A chip with 2 threads.",
    )


def test_how_it_was_made(drawn):
    section = drawn["How it was made"]
    assert section.code == "python -m han_core train --model han"
    assert section.tables[0].rows[:3] == (("seed", "4"), ("date", "2026-11-21"), ("epochs", "6"))
    assert section.sentences == (
        "It learnt from unlabelled documents too, as nb-svm and older labelled them.",
        "In another order.",
    )


@pytest.mark.parametrize(
    ("documents", "what"),
    [
        ({"stretches": 7}, "parts of the training documents"),
        ({"stretches": 7, "unlabelled": 2},
         "unlabelled documents and parts of the training documents"),
        ({}, "unlabelled documents"),
    ],
)  # fmt: skip
def test_what_teachers_labelled(folder, documents, what):
    told = replace(checkpoint_facts(folder), documents=documents)
    (section,) = (s for s in sections(told, None) if s.title == "How it was made")
    assert section.sentences[0] == f"It learnt from {what} too, as nb-svm and older labelled them."


def test_a_model_that_was_adapted_to_a_domain_says_how_it_went(folder):
    facts = AdaptationFacts("kitchen", 0.75, 40, None, (0.8, 0.6))
    told = replace(checkpoint_facts(folder), adaptation=facts)
    (section,) = (s for s in sections(told, None) if s.title == "Another domain")
    assert section.tables[0].rows == (
        ("Accuracy on 40 held-out documents of kitchen", "75.0%"),
        ("Proxy A-distance before training", "0.80"),
        ("Proxy A-distance after", "0.60"),
    )


def test_an_empty_card_adds_nothing(folder, card):
    assert sections(checkpoint_facts(folder), Card(weights=card.weights)) == sections(
        checkpoint_facts(folder), None
    )


def test_figures_in_words():
    assert in_words(Interval(0.294, 0.27, 0.31)) == ".29 (.27 to .31)"
    assert in_words(NO_INTERVAL) == "none"
    assert [p_value(p) for p in (0.0004, 0.001, 0.5, 1.0)] == ["< .001", ".001", ".500", "1.000"]


def test_a_row_is_as_wide_as_its_header():
    with pytest.raises(ValueError, match="2 cells"):
        Table(("a", "b"), (("1",),))


def test_nothing_claims_to_explain_a_decision(drawn):
    said = " ".join(one for section in drawn.values() for one in section.sentences).lower()
    for word in ("because", "explains", "looked at", "therefore"):
        assert word not in said
