"""The lesson engine: folders of content, found and never registered, become page, notebook, questions and kata.

Knows no Streamlit. `lessons/<slug>/` holds the content; its lab.py is opened by the app alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sftviz.course.katas import check

__all__ = ["check"]  # in a notebook: check("token_nll", my_function)


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: a page of lessons needs no kata, and a kata no notebook
    if name in __all__:
        from sftviz.course import katas

        return getattr(katas, name)
    raise AttributeError(f"module 'sftviz.course' has no attribute {name!r}")
