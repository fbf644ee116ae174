"""What is pasted, read: text, JSON, files and Python values -> Chat."""
