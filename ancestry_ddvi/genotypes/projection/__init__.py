"""Principal components, and the scores of samples on them."""
