"""The project itself and the console around it: API keys, and what the command line asks after a login."""
