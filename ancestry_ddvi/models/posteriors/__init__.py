"""What is believed of a sample's place once their genotypes are seen."""
