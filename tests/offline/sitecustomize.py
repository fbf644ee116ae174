"""No network but this computer's own: imported by tests/conftest.py, and by itself in every Python the tests start.

What asks for more is refused as a computer without a route would, and is written down: the test that asked fails.
"""

import errno
import os
import socket
from typing import Any

VARIABLE = "SFTVIZ_TESTS_ASKED"  # the file in which every attempt has a line
OWN = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")
_connect, _connect_ex, _look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _is_own(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    return not name or name.startswith(OWN)


def _refuse(what: str) -> OSError:
    told = os.environ.get(VARIABLE)
    if told:
        with open(told, "a", encoding="utf-8") as file:
            file.write(what + "\n")
    return OSError(errno.ENETUNREACH, f"the tests have no network: {what}")


def connect(self: socket.socket, address: Any) -> None:
    if self.family != socket.AF_UNIX and not _is_own(address[0]):
        raise _refuse(f"connect {address}")
    _connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    if self.family != socket.AF_UNIX and not _is_own(address[0]):
        return int(_refuse(f"connect {address}").errno or 0)
    return _connect_ex(self, address)


def look_up(host: Any, *rest: Any, **named: Any) -> Any:
    if not _is_own(host):
        raise socket.gaierror(socket.EAI_AGAIN, str(_refuse(f"look up {host}")))
    return _look_up(host, *rest, **named)


socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, look_up
