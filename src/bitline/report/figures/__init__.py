"""Figures: of converters, arrays, devices, ranges and costs, and of studies for the screen and for papers."""
