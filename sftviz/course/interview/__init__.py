"""Cards as an interviewer asks them: what comes back today, a mock interview that adapts, sheets and decks.

Knows no Streamlit, and no clock but the day it is given.
"""
