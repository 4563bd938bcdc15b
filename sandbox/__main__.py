"""What does the sandbox's own program do? It becomes the zygote of the launcher that started it."""

from __future__ import annotations

import sys

from sandbox.zygote import serve


def main(arguments: list[str]) -> int:
    """Serve the socket whose descriptor is the only argument; returns the exit code."""
    if len(arguments) != 1 or not arguments[0].isdigit():
        return 2
    return serve(int(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
