"""A page is a table of knobs and one draw: a knob is a row, and its widget, its address and its tests are made from it.

`?gradients_target=-9&gradients_vocabulary=32` opens a page in that state; what is turned is written back, so that a
refresh, a second tab, Back and a link give the same page. Only what differs from the default stands in the address.
What the address asks for and cannot have is ignored, and said.

Streamlit's own `bind="query-params"` is not used (1.67, tried in Chromium): of a select box, of segments and of a
select slider it writes the *shown* words, so that an address made in Chinese is no address in English; a component of
our own cannot be bound; an unusable value is removed, and too long a text cut, without a word. All other values are
written here as well, through `st.query_params`: what `bind` writes replaces the entry in the browser's history, what is
written here adds one, so that Back undoes the last change whatever it was.
"""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.components.notes import notes
from sftviz.ui.language import t

Value = TypeVar("Value")
Amount = TypeVar("Amount", int, float)
Shown = Callable[[Any], str]
SHOWN = 40  # characters of what was asked for
LATE = 4  # addresses that may be under way to the browser
BESIDES = ("lang", "only")  # what else stands in an address
_VISIT = "visit of the page"


@dataclass(frozen=True)
class Knob(ABC, Generic[Value]):
    """A row: the name in the address and in the session, and the value before anybody turns it."""

    key: str
    default: Value

    @abstractmethod
    def read(self, asked: Sequence[str]) -> Value:
        """The value that an address asks for. Raises ValueError where the knob cannot have it."""

    @abstractmethod
    def written(self, value: Value) -> list[str]:
        """The value as it stands in an address: never in the words of a language."""

    def value(self) -> Value:
        """The value as it stands, for what is turned by something else than a widget of its own: see `put`."""
        _prepare(self, self.read)
        return self._after(st.session_state[self.key])

    def stand(self, value: Value) -> None:
        """What a component of our own stands on now."""
        self.put(value)
        self._after(value)

    def _before(self, read: Callable[[Sequence[str]], Value] | None = None) -> dict[str, Any]:
        """To be called before the widget is drawn: what every widget takes from its row."""
        _prepare(self, read or self.read)
        return {"key": self.key, "persist_state": "session"}

    def start(self, value: Value) -> None:
        """To be called before the widget: another first value, where neither the session nor the address has one."""
        if self.key not in st.query_params:
            st.session_state.setdefault(self.key, value)

    def put(self, value: Value) -> None:
        """For a callback: what the knob stands on from the next run on."""
        st.session_state[self.key] = value

    def _after(self, value: Value) -> Value:
        _keep(self.key, [] if value == self.default else self.written(value))
        return value


@dataclass(frozen=True)
class Number(Knob[Amount]):
    """A number from `low` to `high`, both included; whole where the step is."""

    low: Amount
    high: Amount
    step: Amount

    def read(self, asked: Sequence[str]) -> Amount:
        number = float(asked[-1])
        if not (math.isfinite(number) and self.low <= number <= self.high) or (self._is_whole and number % 1):
            raise ValueError(asked[-1])
        return self._typed(number)

    def written(self, value: Amount) -> list[str]:
        return [f"{value:.12g}"]

    @property
    def _is_whole(self) -> bool:
        return isinstance(self.step, int)

    def _typed(self, number: float) -> Amount:
        return int(number) if self._is_whole else float(number)  # pyright: ignore[reportReturnType]

    def live(self, label: str, ends: tuple[str, str] | None = None, high: Amount | None = None) -> Amount:
        """A slider whose effect is seen while it is dragged; ends: what the lowest and the highest value mean.

        high: as far as it goes now, where that is less than the row says.
        """
        opens, top = self.key not in _here().stands, self._bounded(high)
        rests = live_slider(label, self.low, top, self.step, key=self.key, ends=ends)
        value = self._typed(st.session_state[self.key])
        return self._after(value) if rests or opens else value

    def slider(self, label: str, high: Amount | None = None, **words: Any) -> Amount:
        """Streamlit's slider, which waits until the handle is let go: for what takes long."""
        top = self._bounded(high)
        return self._after(st.slider(label, self.low, top, step=self.step, **self._before(), **words))

    def _bounded(self, high: Amount | None) -> Amount:
        _prepare(self, self.read)
        top = self.high if high is None else min(self.high, high)
        st.session_state[self.key] = min(top, st.session_state[self.key])
        return top


@dataclass(frozen=True)
class Choice(Knob[Value]):
    """One of several; their names are what the address says. No choices: they are known only where it is drawn."""

    choices: Sequence[Value] = ()

    def read(self, asked: Sequence[str]) -> Value:
        return _named(asked[-1], self.choices)

    def written(self, value: Value) -> list[str]:
        return [str(value)]

    def selectbox(self, label: str, said: Shown = str, among: Sequence[Value] | None = None, **words: Any) -> Value:
        """among: those that can be had now, in their order; where the knob stands on another it goes to the first."""
        return self._drawn(st.selectbox, label, said, among, words)

    def segmented(self, label: str, said: Shown = str, among: Sequence[Value] | None = None, **words: Any) -> Value:
        return self._drawn(st.segmented_control, label, said, among, words | {"required": True})

    def radio(self, label: str, said: Shown = str, among: Sequence[Value] | None = None, **words: Any) -> Value:
        return self._drawn(st.radio, label, said, among, words)

    def select_slider(self, label: str, said: Shown = str, among: Sequence[Value] | None = None, **words: Any) -> Value:
        return self._drawn(st.select_slider, label, said, among, words)

    def _drawn(
        self, draw: Callable[..., Any], label: str, said: Shown, among: Sequence[Value] | None, words: dict[str, Any]
    ) -> Value:
        offered = list(self.choices if among is None else among)
        before = self._before(lambda asked: _named(asked[-1], offered))
        first = self.default if self.default in offered else offered[0]
        if st.session_state[self.key] not in offered:
            st.session_state[self.key] = first
        value: Value = draw(label, offered, format_func=said, **before, **words)
        _keep(self.key, [] if value == first else self.written(value))
        return value


@dataclass(frozen=True)
class Several(Knob[tuple[str, ...]]):
    """Any number of several, in the order in which they were chosen; the address repeats the name."""

    choices: Sequence[str]

    def read(self, asked: Sequence[str]) -> tuple[str, ...]:
        return tuple(_named(one, self.choices) for one in asked if one or len(asked) > 1)

    def written(self, value: tuple[str, ...]) -> list[str]:
        return list(value) or [""]

    def multiselect(self, label: str, said: Shown = str, **words: Any) -> tuple[str, ...]:
        before = self._before()
        return self._after(tuple(st.multiselect(label, list(self.choices), format_func=said, **before, **words)))


@dataclass(frozen=True)
class Switch(Knob[bool]):
    """On or off."""

    def read(self, asked: Sequence[str]) -> bool:
        return {"true": True, "1": True, "false": False, "0": False}[_named(asked[-1], ("true", "1", "false", "0"))]

    def written(self, value: bool) -> list[str]:
        return [str(value).lower()]

    def toggle(self, label: str, **words: Any) -> bool:
        before = self._before()
        return self._after(st.toggle(label, **before, **words))

    def checkbox(self, label: str, **words: Any) -> bool:
        before = self._before()
        return self._after(st.checkbox(label, **before, **words))


@dataclass(frozen=True)
class Text(Knob[str]):
    """A text. One that is longer than `longest` characters is kept in its box, but not in the address."""

    longest: int = 2000

    def read(self, asked: Sequence[str]) -> str:
        if len(asked[-1]) > self.longest:
            raise ValueError(asked[-1])
        return asked[-1]

    def written(self, value: str) -> list[str]:
        return [value] if len(value) <= self.longest else []

    def text(self, label: str, **words: Any) -> str:
        before = self._before()
        return self._after(st.text_input(label, **before, **words) or "")

    def area(self, label: str, **words: Any) -> str:
        before = self._before()
        return self._after(st.text_area(label, **before, **words) or "")


def table(*knobs: Knob[Any]) -> dict[str, Knob[Any]]:
    """A page's knobs by key."""
    keys = [knob.key for knob in knobs]
    if len(keys) > len(set(keys)):
        raise ValueError(f"a knob's name stands for one knob only: {keys}")
    return dict(zip(keys, knobs, strict=True))


def _named(asked: str, choices: Sequence[Value]) -> Value:
    for choice in choices:
        if str(choice) == asked:
            return choice
    raise ValueError(asked)


State = frozenset[tuple[str, tuple[str, ...]]]


@dataclass
class _Visit:
    """From the opening of an address to the next one. Where it is full, a knob it does not name has its default."""

    page: tuple[str, str | None]
    is_full: bool
    stands: dict[str, list[str]] = field(default_factory=dict)  # by key, what was written last
    said: deque[State] = field(default_factory=lambda: deque(maxlen=LATE))  # the address, the last few times


_pending: ContextVar[dict[str, list[str]] | None] = ContextVar("pending", default=None)


@contextmanager
def address() -> Iterator[None]:
    """Within the block knobs are drawn; at its end what they stand on is written into the address, at once.

    So nothing within the block sees an address that is half written. A block within a block writes with the outer one.
    """
    if _pending.get() is not None:
        yield
        return
    _visit()
    pending: dict[str, list[str]] = {}
    entered = _pending.set(pending)
    try:
        yield
    finally:
        _pending.reset(entered)
        _write(pending)


def _visit() -> None:
    """A visit begins with a page, with Back or Forward, and with a link to the page itself.

    A run may have begun before the last address had reached the browser, and then has an older one: that is no link.
    """
    run, begun = get_script_run_ctx(), st.session_state.get(_VISIT)
    if run is None or (begun and run.fragment_ids_this_run):
        return
    page, state = (run.page_script_hash, st.query_params.get("only")), _state()
    if begun is None or begun.page != page or state not in begun.said or run.is_history_navigation:
        st.session_state[_VISIT] = _Visit(page, run.is_history_navigation or bool(state))
        st.session_state[_VISIT].said.append(state)


def _state() -> State:
    return frozenset((key, tuple(st.query_params.get_all(key))) for key in st.query_params if key not in BESIDES)


def _prepare(knob: Knob[Value], read: Callable[[Sequence[str]], Value]) -> None:
    """Before a widget is drawn: the session's value. The address decides it where the knob is the first time drawn."""
    session, visit = st.session_state, _here()
    if knob.key not in visit.stands:
        asked = visit.stands[knob.key] = st.query_params.get_all(knob.key)
        if asked:
            session[knob.key] = _asked(knob, asked, read)
        elif visit.is_full:
            session[knob.key] = knob.default
    session.setdefault(knob.key, knob.default)


def _here() -> _Visit:
    return st.session_state[_VISIT]


def _asked(knob: Knob[Value], asked: Sequence[str], read: Callable[[Sequence[str]], Value]) -> Value:
    try:
        return read(asked)
    except ValueError:
        text = ", ".join(asked)
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
        said = t("ui.state.ignored", key=knob.key, value=shown)
        notes([{"severity": "note", "where": "", "message": said, "remedy": ""}], key=f"ignored_{knob.key}")
        return knob.default


def _keep(key: str, written: list[str]) -> None:
    pending = _pending.get()
    if pending is not None:
        pending[key] = written


def _write(pending: Mapping[str, list[str]]) -> None:
    """One change of the address, and so one entry in the browser's history, for all that was turned."""
    visit = _here()
    visit.stands |= pending
    now = {key: st.query_params.get_all(key) for key in st.query_params}
    wanted = {key: texts for key, texts in (now | visit.stands).items() if texts}
    if wanted != now:
        st.query_params.from_dict(wanted)
        visit.said.append(_state())
