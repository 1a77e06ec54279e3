"""Settings, all from the environment; nothing is read from or written to disk
but the file that WEBHOOK_SECRET_FILE names."""

import os
from dataclasses import dataclass, field

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# Below waitress' threshold for spilling a request into a temporary file: a body
# that is accepted always fits in memory, so a read-only root is never asked.
MAX_BODY = 256 * 1024


class ConfigError(ValueError):
    """A setting that the service cannot start with."""


@dataclass(frozen=True)
class Settings:
    host: str = "0.0.0.0"
    port: int = 5000
    threads: int = 4
    stop_grace: float = 8.0
    log_level: str = "INFO"
    production: bool = True
    # never part of a repr, hence of no log line
    secret: bytes = field(default=b"", repr=False)


def _number(env, name, default, low, high, kind):
    text = env.get(name, "")
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise ConfigError(f"{name} is not a number: {text!r}") from None
    if not low <= value <= high:
        raise ConfigError(f"{name} is not within {low} to {high}: {text!r}")
    return value


def _secret(env):
    path = env.get("WEBHOOK_SECRET_FILE", "")
    if not path:
        return env.get("WEBHOOK_SECRET", "").encode()
    try:
        with open(path, "rb") as file:
            return file.read().strip()
    except OSError as error:
        raise ConfigError(f"WEBHOOK_SECRET_FILE: {error}") from None


def load(env=None):
    """The settings; ConfigError names the variable that is wrong."""
    env = os.environ if env is None else env
    level = env.get("LOG_LEVEL", "").upper() or "INFO"
    if level not in LEVELS:
        raise ConfigError(f"LOG_LEVEL is not one of {', '.join(LEVELS)}: {level!r}")
    return Settings(
        host=env.get("HOST", "") or "0.0.0.0",
        port=_number(env, "PORT", 5000, 1, 65535, int),
        threads=_number(env, "THREADS", 4, 1, 64, int),
        stop_grace=_number(env, "STOP_GRACE", 8.0, 0, 3600, float),
        log_level=level,
        production=env.get("FLASK_ENV", "production") == "production",
        secret=_secret(env),
    )
