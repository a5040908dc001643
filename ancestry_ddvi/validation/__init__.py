"""Published experiments run again, by the papers' protocols and by ours."""
