"""The templates of the installed TRL, all of them, found without importing it."""

from importlib.util import find_spec
from pathlib import Path

SPEC = find_spec("trl")
assert SPEC is not None
assert SPEC.submodule_search_locations
FOLDER = Path(SPEC.submodule_search_locations[0]) / "chat_templates"
