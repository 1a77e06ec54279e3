"""What a webhook event is, and what becomes of one. No HTTP in here."""

import hashlib
import hmac
import json
import re
from datetime import datetime

TYPES = ("entry.created", "entry.updated", "entry.deleted")
SIGNATURE_PREFIX = "sha256="
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PACKAGE = re.compile(r"[a-z0-9-]{1,40}/[a-z0-9-]{1,80}")


class Invalid(ValueError):
    """An event that does not keep to the schema; problems names each fault."""

    def __init__(self, problems):
        super().__init__("; ".join(problems))
        self.problems = problems


def sign(secret, body):
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return SIGNATURE_PREFIX + digest


def signature_holds(secret, body, signature):
    """Compared in constant time; a missing signature never holds."""
    expected = sign(secret, body)
    return hmac.compare_digest(expected.encode(), (signature or "").encode())


def _moment(text):
    # fromisoformat of Python before 3.11 does not know the Z
    moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


def problems_of(event):
    """Every fault of the event, as text; an empty list when it is valid."""
    if not isinstance(event, dict):
        return ["the event is not an object"]
    found = []
    ident = event.get("id")
    if not isinstance(ident, str) or not _ID.fullmatch(ident):
        found.append("id: 1 to 64 letters, digits, '_' or '-'")
    if event.get("type") not in TYPES:
        found.append(f"type: one of {', '.join(TYPES)}")
    try:
        _moment(event.get("created"))
    except (TypeError, ValueError):
        found.append("created: a time with its zone, as in RFC 3339")
    package = event.get("package")
    if not isinstance(package, str) or not _PACKAGE.fullmatch(package):
        found.append("package: namespace/name in lower case")
    if not isinstance(event.get("fields", {}), dict):
        found.append("fields: an object")
    extra = sorted(set(event) - {"id", "type", "created", "package", "fields"})
    if extra:
        found.append(f"unknown: {', '.join(extra)}")
    return found


def process(event):
    """What the sender is told: the revision that this event makes of a package.

    The revision depends on what the fields say, not on how they were ordered
    or spaced, so that a repeated delivery is recognisable.
    """
    found = problems_of(event)
    if found:
        raise Invalid(found)
    fields = event.get("fields", {})
    canonical = json.dumps(
        [event["type"], event["package"], fields],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    verb = event["type"].partition(".")[2]
    return {
        "status": "accepted",
        "id": event["id"],
        "action": {"created": "create", "updated": "revise", "deleted": "retire"}[verb],
        "package": event["package"],
        "fields": len(fields),
        "revision": hashlib.sha256(canonical.encode()).hexdigest()[:16],
    }
