"""The code inside a function's process: loads the deployment as the official Python runtime does.

It runs with the build's own interpreter and without the server's packages, so it imports the standard library
and itself, nothing else.
"""
