"""Data that methods can be fitted to."""
