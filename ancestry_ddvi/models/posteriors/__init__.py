"""What is believed of a person's place once their genotypes are seen."""
