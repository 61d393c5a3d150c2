"""`python -m dashboard` serves the dashboard until it is told to stop; `… account NAME` makes an account."""

import argparse
import json
import os
import sys

from hub.errors import PresenzaError


def main() -> int:
    options = _options()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        import django

        django.setup()
        return _account(options) if options.command == "account" else _serve()
    except PresenzaError as error:
        print(f"presenza: {error}", file=sys.stderr)
        return error.exit_code


def _serve() -> int:
    from dashboard.server import serve

    return serve()


def _account(options: argparse.Namespace) -> int:
    """Make an account, or give it a new password, role and groups."""
    from django.core.management import call_command

    from dashboard.accounts.first import set_account

    call_command("migrate", verbosity=0, interactive=False)
    password = set_account(options.name, options.role, options.group)
    account = {"username": options.name, "role": options.role, "password": password}
    print(json.dumps(account) if options.json else "\n".join(f"{key}\t{value}" for key, value in account.items()))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboard")
    commands = parser.add_subparsers(dest="command")
    account = commands.add_parser("account")
    account.add_argument("name")
    account.add_argument("--role", default="admin")
    account.add_argument("--group", action="append", default=[])
    account.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
