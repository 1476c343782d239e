"""What was rolled back: written down whatever happens, and kept until it is settled."""
