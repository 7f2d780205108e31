"""What a planned run will need, from a look at its data.

Puts together what ``estimate`` asks for. It knows nothing about processes.
"""

from han_core.device import choose_device
from han_core.models.architecture import Architecture
from han_core.planning.estimate import Estimate, estimate
from han_core.planning.settings import checked
from han_core.preparation.look import Look
from han_core.runs.plan import Plan
from han_core.training.origin import origin


def forecast(plan: Plan, look: Look) -> Estimate:
    """Parameters, memory and time of ``plan`` on data like ``look``.

    Raises:
        WrongInput: if settings, device or the checkpoint to start from do not fit, or none of
            the texts has a word.
    """
    settings, sizes, text = plan.parsed()
    begun = origin(settings)
    model, attention = plan.model, plan.attention or "additive"
    if begun is not None:
        model, attention = begun.model(plan.model, plan.attention)  # type: ignore[assignment]
        sizes, text = begun.sizes(sizes), begun.text(text)
    values = {
        **sizes,
        "model": model,
        "attention": attention,
        "vocabulary_size": 2,
        "classes": max(2, len(look.classes)),
    }
    shape = checked(Architecture, values)
    assert isinstance(shape, Architecture)
    return estimate(
        look.texts,
        look.documents + look.unlabelled,
        shape,
        settings,
        text,
        choose_device(plan.device),
        None if begun is None else begun.vocabulary,
        settings.stretches * look.documents,
    )
