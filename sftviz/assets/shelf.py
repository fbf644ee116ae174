"""What was loaded once is shared: a name that is there is had without waiting, and each name has its own lock."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """The last `size` things loaded. Two threads that ask for one name load it once; for two names, side by side.

    >>> shelf = Shelf[str](size=2)
    >>> shelf.get("a", lambda: "loaded"), shelf.get("a", lambda: "again")
    ('loaded', 'loaded')
    """

    def __init__(self, size: int):
        self._size = size
        self._things: OrderedDict[Hashable, Thing] = OrderedDict()
        self._loading: dict[Hashable, threading.Lock] = {}
        self._brief = threading.Lock()  # held for a look-up, never while something loads

    def get(self, key: Hashable, load: Callable[[], Thing]) -> Thing:
        """What is there under the key, else what `load` gives; an error is not kept."""
        found = self._look(key)
        if found is not None:
            return found
        with self._brief:
            lock = self._loading.setdefault(key, threading.Lock())
        try:
            with lock:
                found = self._look(key)
                return self._keep(key, load()) if found is None else found
        finally:
            with self._brief:
                self._loading.pop(key, None)

    def _look(self, key: Hashable) -> Thing | None:
        with self._brief:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def _keep(self, key: Hashable, thing: Thing) -> Thing:
        with self._brief:
            self._things[key] = thing
            while len(self._things) > self._size:
                self._things.popitem(last=False)
        return thing
