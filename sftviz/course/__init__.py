"""The lesson engine: folders of content, found and never registered, become page, notebook, questions and kata.

Knows no Streamlit. `lessons/<slug>/` holds the content; its lab.py is opened by the app alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sftviz.course.formulas import check_formula
    from sftviz.course.katas import check

# In a notebook: check("shifted_loss", my_function), check_formula("p_minus_y", "p - y")
__all__ = ["check", "check_formula"]


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: a page of lessons needs no kata, and a kata no notebook
    if name in __all__:
        from sftviz.course import formulas, katas

        return getattr(formulas if name == "check_formula" else katas, name)
    raise AttributeError(f"module 'sftviz.course' has no attribute {name!r}")
