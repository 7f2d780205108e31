"""The command ``train``."""

import shlex
from argparse import ArgumentParser, Namespace
from pathlib import Path

from han_core.commands.flags import data, device
from han_core.commands.output import epoch_bar, follow, print_json, say

SETTINGS = "any setting of training, model or text, e.g. hidden=64, dropout_words=0.5 (README)"

HELP = "train a model and write a checkpoint folder"


def flags(command: ArgumentParser) -> None:
    command.add_argument("--model", required=True, choices=["han", "bilstm"])
    command.add_argument("--attention", default="additive", choices=["additive", "dot", "linear"])
    data(command)
    command.add_argument(
        "--validation", default="0.1", metavar="D|FRACTION", help="data, or a share of --data"
    )
    command.add_argument("--test", metavar="D")
    command.add_argument("--out", required=True, metavar="DIR")
    command.add_argument("--epochs", type=int)
    command.add_argument("--seed", type=int)
    command.add_argument("--limit", type=int, metavar="N", help="the first N training documents")
    command.add_argument("--resume", action="store_true", help="go on with the run in --out")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=SETTINGS)
    device(command)


def run(given: Namespace) -> None:
    """Trains and prints one JSON line."""
    from han_core.device import choose_device
    from han_core.training.data import Source, read_parts
    from han_core.training.settings import parse_settings
    from han_core.training.train import Request, Watch, train

    device = choose_device(given.device)
    flags = {
        key: getattr(given, key) for key in ("epochs", "seed") if getattr(given, key) is not None
    }
    settings, sizes, text = parse_settings(given.set, **flags)
    source = Source(
        data=given.data,
        validation=given.validation,
        test=given.test,
        text_column=given.text_column,
        label_column=given.label_column,
        limit=given.limit,
    )
    parts = read_parts(source, settings.seed)
    for note in parts.notes:
        say(note)
    request = Request(
        model=given.model,
        attention=given.attention,
        training=parts.training,
        validation=parts.validation,
        test=parts.test,
        out=Path(given.out),
        settings=settings,
        sizes=sizes,
        text=text,
        reproduce=shlex.join(word for word in given.said if word != "--resume"),
        resume=given.resume,
    )
    print_json(train(request, device, Watch(follow, epoch_bar, say)))
