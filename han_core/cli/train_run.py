"""Carry out the plan of a run: read its data, train, and publish the checkpoint.

Whatever happens, the last event in the run's log says in one sentence how it ended.
"""

import os
import re
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from han_core.analysis.film import FrameRecorder
from han_core.data.splits import read_parts
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root
from han_core.training.callbacks import Stopped
from han_core.training.dynamics import DynamicsRecorder, recording
from han_core.training.runs.archive import publish_run
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.event_writer import EventWriter
from han_core.training.runs.plan import CHECKPOINT, read_plan
from han_core.training.runs.queue import CANCEL
from han_core.training.train import train
from han_core.viz.model_card.measured import complete_card

LOOK = 0.2  # seconds between two looks for a cancellation


def work(folder: Path, device: str, log: EventLog) -> None:
    """Carry out the plan in ``folder`` on ``device``; ``log`` gets the last event."""
    try:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))
        log.write("done", summary=_carry_out(folder, device, log))
    except Stopped as stop:
        log.write("stopped", text=str(stop))
    except KeyboardInterrupt as stop:
        text = _for_the_page(str(stop), folder) or tr("Stopped before training began.")
        log.write("stopped", text=text)
    except UserError as error:
        log.write("failed", text=_for_the_page(str(error), folder))
    except MemoryError:
        log.write(
            "failed", text=tr("There was not enough memory; smaller batches or sizes need less.")
        )
    except Exception as error:
        traceback.print_exc()
        name = type(error).__name__
        log.write("failed", text=tr("An error in the program ended the run ({name}).", name=name))


def _carry_out(folder: Path, device: str, log: EventLog) -> dict:
    plan = read_plan(folder)
    cancel = folder / CANCEL
    recorder = FrameRecorder(folder, plan.watched, plan.watch_every)
    writer = EventWriter(log, plan.training.epochs, cancel, [recorder])
    log.write("reading", name="data", done=0, of=0)
    with interrupted_when(cancel.exists):
        parts = read_parts(plan.source, plan.training.seed)
    for note in parts.notes:
        writer.say(note)
    resume = current_folder(folder / CHECKPOINT).exists()
    watch = recording(writer.watch, DynamicsRecorder(folder, parts.training, resume))
    summary = train(plan.request(folder, parts, resume), choose_device(device), watch)
    _publish(folder, writer)
    return summary


def _for_the_page(sentence: str, folder: Path) -> str:
    """Return a sentence of the command line in the words of the page, which shows no folders."""
    shown = sentence.replace(str(folder / CHECKPOINT), tr("the checkpoint"))
    shown = shown.replace("--resume", tr("resuming"))
    return re.sub(r"(^|\. )resuming", r"\1Resuming", shown)


def _publish(folder: Path, writer: EventWriter) -> None:
    """Offer a run that is done on every page; where that fails, nothing of it is lost."""
    try:
        name = publish_run(folder, read_plan(folder).name)
        writer.say(tr("The run is now the model {name}.", name=name))
        complete_card(checkpoints_root() / name)
    except UserError as error:
        writer.say(str(error))


@contextmanager
def interrupted_when(is_cancelled: Callable[[], bool]) -> Iterator[None]:
    """End the block as Ctrl-C does once it is cancelled: for work that does not look itself."""
    over, main = threading.Event(), threading.main_thread().ident

    def watch() -> None:
        while not over.wait(LOOK):
            if is_cancelled() and main is not None:
                return signal.pthread_kill(main, signal.SIGINT)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
