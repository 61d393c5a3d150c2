"""Holds hub/wire.py against the golden vectors, under CPython and MicroPython alike.

    micropython tests/vectors/check.py FOLDER_OF_THE_VECTORS

with MICROPYPATH at the folder that holds `hub`; or with `wire` itself on the path, as on the camera.
Prints one line for each difference; the exit code says whether there was any.
"""

import json
import sys
from binascii import crc32, unhexlify


def differences(wire, folder):
    """A sentence for each vector that `wire` gets wrong."""
    found = []
    for name, check in (("chunks", _chunks), ("topics", _topics), ("config", _config)):
        with open(folder + "/" + name + ".json") as file:  # noqa: PTH123 - MicroPython has no pathlib
            vectors = json.load(file)
        found += [name + ": " + what for what in check(wire, vectors)]
    return found


def _chunks(wire, vectors):
    for frame in vectors["frames"]:
        jpeg = unhexlify(frame["jpeg"])
        fields = frame["fields"]
        first = wire.Header(*[fields[name] for name in _HEADER])
        if crc32(jpeg) & 0xFFFFFFFF != fields["crc32"]:
            yield frame["name"] + ": CRC-32"
        got = [(bytes(header), bytes(data)) for header, data in wire.split(jpeg, first)]
        expected = [(unhexlify(c["header"]), jpeg[c["data"][0] : c["data"][1]]) for c in frame["chunks"]]
        if got != expected:
            yield frame["name"] + ": split"
        for index, (header, data) in enumerate(expected):
            fields["index"] = index
            if tuple(wire.unpack_header(header + data)) != tuple([fields[name] for name in _HEADER]):
                yield frame["name"] + ": header of chunk " + str(index)
    for case in vectors["refused"]:
        reason = _refusal(wire, wire.unpack_header, unhexlify(case["header"]) + bytes(case["data_bytes"]))
        if reason != case["reason"]:
            yield case["name"] + ": refused with " + str(reason)


_HEADER = (
    "flags", "boot_id", "frame_id", "motion_id", "index", "count", "chunk_size", "total", "crc32", "captured_ms",
)  # fmt: skip


def _topics(wire, vectors):
    for name in vectors["names"]:
        if not wire.is_name(name):
            yield "a name: " + name
    for name in vectors["not_names"]:
        if wire.is_name(name):
            yield "not a name: " + name
    for case in vectors["parsed"]:
        if list(wire.parse_topic(case["topic"])) != case["parts"]:
            yield case["topic"]
    for topic in vectors["refused"]:
        if _refusal(wire, wire.parse_topic, topic) != "topic":
            yield "not refused: " + topic


def _config(wire, vectors):
    for case in vectors["accepted"]:
        config, errors = wire.check_config(case["wanted"])
        if errors or config != case["config"]:
            yield str(case["wanted"]) + ": " + str(errors)
    for case in vectors["rejected"]:
        errors = wire.check_config(case["wanted"])[1]
        if sorted([error["field"] for error in errors]) != case["wrong"]:
            yield str(case["wanted"]) + ": " + str(errors)


def _refusal(wire, read, value):
    try:
        read(value)
    except wire.WireError as error:
        return error.reason
    return None


if __name__ == "__main__":
    try:
        import wire
    except ImportError:
        from hub import wire
    problems = differences(wire, sys.argv[1])
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
