"""The explorer: a Streamlit app over one library."""
