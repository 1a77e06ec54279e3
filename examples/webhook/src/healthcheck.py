"""The container's own health check: python -m src.healthcheck [PATH]

Exits 0 when the path (default /health) answers 200 on loopback, else 1. It is
here so that the image needs neither curl nor a shell for it.
"""

import http.client
import os
import sys


def check(path="/health", port=5000, timeout=8):
    """None when the answer is 200, else what is wrong."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{path}: {error}"
    finally:
        connection.close()
    return None if status == 200 else f"{path}: status {status}"


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    path = arguments[0] if arguments else "/health"
    wrong = check(path, int(os.environ.get("PORT") or 5000))
    if wrong:
        print(wrong, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
