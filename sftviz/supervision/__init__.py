"""Which tokens carry loss, and why. Knows nothing of models."""

# What a label says where the token carries no loss: PyTorch's default ignore_index, for no vocabulary has it as an id.
# The same number as sftviz.loss.IGNORE; here it can be had without torch.
IGNORE = -100
