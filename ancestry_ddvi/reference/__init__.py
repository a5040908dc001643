"""What a model keeps of its panel as a whole: where its people lie, its groups, its surprises.

Plain numbers of groups and of everybody, never of a person.
"""
