"""Text -> messages -> template -> tokens. Knows nothing of loss."""
