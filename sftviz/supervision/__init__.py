"""Which tokens carry loss, and why. Knows nothing of models."""
