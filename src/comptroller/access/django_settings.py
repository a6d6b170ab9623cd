"""Django's settings: SQLite, the rooms with models, nothing served yet.

The database's name is that of the opened workspace; ``comptroller.access.database`` sets it.
"""

import importlib.util

ROOMS_WITH_MODELS = ("access", "intake")

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}
INSTALLED_APPS = [
    f"comptroller.{room}"
    for room in ROOMS_WITH_MODELS
    if importlib.util.find_spec(f"comptroller.{room}")
    and importlib.util.find_spec(f"comptroller.{room}.models")
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
SECRET_KEY = "no session is signed yet"  # noqa: S105 - required by Django, used by nothing
