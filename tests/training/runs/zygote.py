"""Forks workers of runs on request; begun by ``conftest.Zygote`` with a socket's number."""

import json
import os
import signal
import socket
import sys
from pathlib import Path

import datasets  # noqa: F401  what a worker imports late, as are the metrics
import sklearn.metrics  # noqa: F401
import torch

from han_core.cli import train_run  # noqa: F401
from han_core.cli.run_worker import live
from han_core.runtime.locks import inherited
from han_core.text.tokenizer import Tokenizer


def serve(requests: socket.socket) -> None:
    """Answers each request for a worker with its process id, until the other end is closed."""
    Tokenizer("en")("Words.")
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, handles, _, _ = socket.recv_fds(requests, 10_000, 1)
        if not message:
            return
        child = os.fork()
        if not child:
            requests.close()
            _become_worker(json.loads(message), handles[0])
        os.close(handles[0])
        requests.send(str(child).encode())


def _become_worker(asked: dict, handle: int) -> None:
    os.environ.update(asked["environment"])
    folder = Path(asked["folder"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    errors = os.open(folder / "stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(errors, sys.stderr.fileno())
    lock = inherited(handle)
    try:
        live(folder)
    finally:
        lock.release()
        os._exit(0)


serve(socket.socket(fileno=int(sys.argv[1])))
os._exit(0)  # without what torch does at the end
