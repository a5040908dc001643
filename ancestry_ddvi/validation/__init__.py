"""The tables of papers, with an honest protocol beside theirs."""
