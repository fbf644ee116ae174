"""Which tokens carry loss, and why: labels, policies, checks."""

IGNORE = -100  # the label that costs nothing, as torch and transformers have it; here, so that masks need no torch
