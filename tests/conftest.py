"""One hypothesis profile for the whole suite: no deadline, because a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("sftviz", deadline=None)
settings.load_profile("sftviz")
