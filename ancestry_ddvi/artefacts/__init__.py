"""The files the tool writes and reads back."""
