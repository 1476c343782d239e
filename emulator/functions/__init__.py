"""Functions: their settings, variables, builds and executions, and what starts them."""
