"""Starts the application in the folder that `slots` chooses. Whatever ends it ends in a restart."""

import sys

import slots

slot, mode = slots.begin()
sys.path.insert(0, slot)
try:
    import app

    app.run(slot, mode)
except Exception as error:  # noqa: BLE001 - the last resort: nobody stands beside a camera to read a prompt
    sys.print_exception(error)
slots.restart()
