"""What tickets cost: quotes, made of lines, and the share of each ticket in them."""
