"""The synthetic health economy: a fictional year of care, its files, faults and answers."""

from comptroller.demo.economy import Economy, build_economy

__all__ = ["Economy", "build_economy"]
