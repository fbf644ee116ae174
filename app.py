"""`streamlit run app.py`: opens the app."""

from sftviz.ui.app import main

main()
