"""What people are told: written down when it happens, and sent by the sweep."""
