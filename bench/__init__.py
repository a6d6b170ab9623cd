"""Measurements as ratios in one run, and soak tests: ``make bench``, ``make soak``."""
