"""Quality control: filters of variants and samples, and what each removed."""
