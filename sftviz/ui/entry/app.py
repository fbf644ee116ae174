"""What `sftviz app` runs. Not beside sftviz/ui/pages: Streamlit takes a folder of that name for pages of its own."""

from sftviz.ui.app import main

main()
