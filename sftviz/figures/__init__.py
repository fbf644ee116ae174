"""Numbers in, plotly figure out: pure functions, no Streamlit, no model."""
