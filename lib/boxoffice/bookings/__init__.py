"""The use cases around a booking, one module per verb."""
