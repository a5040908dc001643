"""What a model keeps of its panel as a whole: where its samples lie, its groups, its surprises.

Plain numbers of groups and of every sample, never of a sample.
"""
