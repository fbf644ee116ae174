"""All that knows Streamlit: widgets -> core -> figure."""
