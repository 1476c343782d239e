"""What is left, for anybody who asks."""
