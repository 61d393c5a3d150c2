"""`python -m dashboard` serves the dashboard until it is told to stop."""

import os
import sys

from hub.errors import PresenzaError


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        import django

        django.setup()
        from dashboard.server import serve

        return serve()
    except PresenzaError as error:
        print(f"presenza: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
