"""A Hub id -> its folder in this computer's cache; the network is asked only where allowed, and not for long."""

import http.client
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from sftviz.assets import source_error
from sftviz.assets.border import border
from sftviz.assets.files import Kind

PATIENCE = 3  # seconds for the Hub's first answer; the library's own retries take 46 s to give up


def fetch(name: str, kind: Kind, files: Sequence[str], *, online: bool) -> Path:
    """The folder that holds these files (patterns) of a Hub id; downloaded first where `online`.

    Raises SourceError where it is not on this computer and may not be downloaded, or the Hub does not answer.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if online:
        _check_route(name, kind)
    code = "source_not_on_hub" if online else "source_load"
    with border(lambda reason: source_error(code, name=name, kind=kind, reason=reason)):
        try:
            patterns = list(files)
            return Path(
                snapshot_download(name, allow_patterns=patterns, local_files_only=not online, etag_timeout=PATIENCE)
            )
        except LocalEntryNotFoundError as error:
            if online:
                raise
            raise source_error("source_not_here", name=name, kind=kind) from error


def _check_route(name: str, kind: Kind) -> None:
    from huggingface_hub import constants

    answers: queue.Queue[bool] = queue.Queue()
    # in a thread of its own: looking up a host's name knows no time limit
    threading.Thread(target=_ask, args=(constants.ENDPOINT, answers), daemon=True).start()
    try:
        answered = answers.get(timeout=PATIENCE)
    except queue.Empty:
        answered = False
    if not answered:
        raise source_error("source_no_route", name=name, kind=kind, endpoint=constants.ENDPOINT, seconds=PATIENCE)


def _ask(endpoint: str, answers: "queue.Queue[bool]") -> None:
    try:
        with urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=PATIENCE):
            answers.put(True)
    except urllib.error.HTTPError:  # an answer too
        answers.put(True)
    except (OSError, ValueError, http.client.HTTPException):  # no route, no such host, no address, no HTTP
        answers.put(False)
