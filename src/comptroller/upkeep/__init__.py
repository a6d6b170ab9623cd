"""Keeping a workspace: make, back up, restore, upgrade, and prove that everything ties.

In: a workspace. Out: a new workspace, one backup file, or the list of what does not tie from the
landed files to the findings. It owns no tables; it reads every room's and writes none.
"""
