"""Who may see and do what, how patients stay unknown, and what was done by whom.

In: NHS numbers on their way into the warehouse, the key that hides them, and actions to be
recorded. Out: keyed pseudonyms, encrypted bytes, an append-only audit trail. It owns the audit
table in ``comptroller.db`` and the workspace's key file, which lies outside the workspace.
"""
