"""What a method can be fitted to."""
