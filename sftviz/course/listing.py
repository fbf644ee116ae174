"""A lesson's code cell as a page shows it: the line it comes to, what its assertions prove, what only a notebook needs.

In a cell `# proved: …` says, in the language of its lesson, what the assertions below it prove. A cell that begins with
`# notebook only` draws what the page's explorable shows: there, what it draws is folded too.
"""

import ast
import re

CLAIM = re.compile(r"^\s*# proved: (.+)\n?", re.M)
NOTEBOOK_ONLY = "# notebook only"


def claims(source: str) -> list[str]:
    """What the cell says its assertions prove.

    >>> claims("# proved: the shares add up to 1\\nassert p.sum() == 1")
    ['the shares add up to 1']
    """
    return CLAIM.findall(source)


def without_claims(source: str) -> str:
    """The code, the same in every language."""
    return CLAIM.sub("", source)


def assertions(source: str) -> int:
    """How many assertions stand in the cell."""
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))


def last_line(source: str) -> str:
    """The first line of the last statement that is no assertion: what a folded cell shows.

    >>> last_line("x = [1,\\n     2]\\nfor y in x:\\n    print(y)\\nassert x")
    'for y in x: …'
    """
    statements = ast.parse(source).body
    told = [one for one in statements if not isinstance(one, ast.Assert)] or statements
    first, *more = (ast.get_source_segment(source, told[-1]) or "").splitlines()
    return f"{first.rstrip()} …" if more else first


def is_for_notebook(source: str) -> bool:
    """True where the page folds what the cell gives, since its explorable shows the same."""
    return source.lstrip().startswith(NOTEBOOK_ONLY)
