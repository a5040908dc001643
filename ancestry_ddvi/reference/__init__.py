"""What a model keeps of its reference panel as a whole: densities, labelled groups, tails.

Summaries of many samples; never the coordinates of a single sample.
"""
