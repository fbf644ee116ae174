"""What a command is given to read: a file, standard input, a data set."""

import sys
from typing import Any

from sftviz.cli.options import Media, Side


def open_source(source: str, side: Side | None = None, media: Media = Media.refuse, online: bool = False) -> Any:
    from sftviz.chat.files import open_data

    chosen: Any = {"side": side and side.value, "media": media.value, "online": online}
    if source == "-":
        return open_data(sys.stdin.buffer, "-", **chosen)
    return open_data(source, **chosen)
