"""Which of the two application folders runs, `a` or `b`, and whether it may stay.

This file and main.py lie outside both folders and are never updated over the air.

    normal --install--> trial --confirm--> normal (the new folder)
                          | TRIAL_BOOTS boots without confirm
                          v
                        normal (the old folder), and the version that failed is remembered
    normal --SAFE_AFTER boots that didn't last--> safe --SAFE_AFTER more--> the other folder
"""

import json
import os
import sys
import time

TRIAL_BOOTS = 2  # one may be lost to a power cut
SAFE_AFTER = 3
_FILE = "state.json"
_SLOTS = ("a", "b")
_NEW = {"slot": "a", "trial": None, "trial_boots": 0, "failed_boots": 0, "rolled_back": 0}


def load():
    """The state as saved; what is missing or damaged begins anew."""
    state = dict(_NEW)
    try:
        with open(_FILE) as file:
            saved = json.load(file)
        state.update({name: saved[name] for name in _NEW if name in saved})
    except (OSError, ValueError, TypeError):
        pass
    return state if state["slot"] in _SLOTS and state["trial"] in (None,) + _SLOTS else dict(_NEW)


def save(state):
    """Write beside and rename: a power cut leaves the old file or the new one."""
    with open(_FILE + ".new", "w") as file:
        json.dump(state, file)
    os.rename(_FILE + ".new", _FILE)


def other(slot):
    return "b" if slot == "a" else "a"


def serial_of(slot):
    """The serial number of the version in a folder; 0 where there is none."""
    try:
        with open(slot + "/manifest.json") as file:
            return int(json.load(file)["serial"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def next_boot(state, spare_serial=0):
    """Decide one boot: change `state` and return (folder, mode). `spare_serial`: what the other folder holds."""
    if state["trial"]:
        if state["trial_boots"] < TRIAL_BOOTS:
            state["trial_boots"] += 1
            return state["trial"], "trial"
        state.update({"trial": None, "trial_boots": 0, "rolled_back": spare_serial})
    state["failed_boots"] += 1
    if state["failed_boots"] > 2 * SAFE_AFTER and spare_serial and spare_serial != state["rolled_back"]:
        state.update({"slot": other(state["slot"]), "failed_boots": 1})
    return state["slot"], "safe" if state["failed_boots"] > SAFE_AFTER else "normal"


def begin():
    state = load()
    decision = next_boot(state, serial_of(other(state["slot"])))
    save(state)
    return decision


def healthy():
    """This boot has lasted."""
    state = load()
    if state["failed_boots"]:
        state["failed_boots"] = 0
        save(state)


def try_out(slot):
    """The next boots run `slot` on trial."""
    state = load()
    state.update({"trial": slot, "trial_boots": 0})
    save(state)


def confirm():
    """The version on trial has proved itself; it is the one to run from now on."""
    state = load()
    if state["trial"]:
        state.update({"slot": state["trial"], "trial": None, "trial_boots": 0, "failed_boots": 0})
        save(state)


def restart():
    try:
        from machine import reset  # the unix port has none: there, whoever started the process starts it again
    except ImportError:
        sys.exit(3)
    time.sleep(1)  # what was said last gets out, and a program that dies at once doesn't wear out the flash
    reset()
