"""A chat, written by a template: text, and who wrote each character of it."""
