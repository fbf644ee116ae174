"""One file a page; a page holds no mathematics."""
