"""What a place in latent space says about the data."""
