"""Health: the version that clients ask for before they begin."""
