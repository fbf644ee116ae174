"""One hypothesis profile for the whole suite: no deadline, because a busy machine is no fault.

And a cache of its own, kept between runs: no test meets what a user has added, nor leaves anything there.
"""

import os
from pathlib import Path

from hypothesis import settings

from sftviz.assets import cache

USERS_CACHE = cache.folder()
os.environ[cache.VARIABLE] = str(Path(__file__).resolve().parent.parent / ".pytest_cache" / "d" / "sftviz")

settings.register_profile("sftviz", deadline=None)
settings.load_profile("sftviz")
