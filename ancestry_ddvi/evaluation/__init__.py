"""How well a fitted method does."""
