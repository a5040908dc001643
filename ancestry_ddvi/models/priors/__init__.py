"""What is believed of a person's place before any genotype is seen."""
