"""torch and what stands on it take seconds to import: pages that need them wait here, and the first page does not.

All of it is imported under one lock. Two threads that import the same packages from different ends can find each
other's modules half made: Python breaks such a deadlock by handing them out.
"""

import gc
import os
import threading
from importlib import import_module

from streamlit.runtime import Runtime, get_instance

from sftviz.extras import has
from sftviz.ui.turn import out_of_turn

HEAVY = ("torch", "torch.optim", "pandas", "transformers", "transformers.modeling_utils")
CORES = os.cpu_count() or 1
PAUSE = 1.5  # seconds: the first page's files go out before the imports take the processor

_lock = threading.Lock()
_started = threading.Event()
_done = threading.Event()


def is_ready() -> bool:
    return _done.is_set()


def ready(alone: bool = False) -> None:
    """Wait until everything heavy is imported, or import it now; what is not installed is left to who needs it.

    alone: what this run asks of torch next may take every core. An embedded model's row takes one: more cost a server
    that many people use twice the processor time.
    """
    with out_of_turn():
        _import()
    if has("torch"):
        import torch

        torch.set_num_threads(CORES if alone else 1)


def _import() -> None:
    with _lock:
        if _done.is_set():
            return
        for module in HEAVY:
            if has(module.partition(".")[0]):
                import_module(module)
        _done.set()
    gc.freeze()  # 10^6 objects that will never be garbage: no collection need walk them


def start_soon() -> None:
    """In a server: import everything heavy in a thread of its own, a moment from now. Once a process."""
    if type(get_instance()) is Runtime and not _started.is_set():
        _started.set()
        timer = threading.Timer(PAUSE, ready)
        timer.daemon = True
        timer.start()
