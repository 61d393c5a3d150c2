"""The camera of `bench flood` that publishes as fast as it can, or at a rate; a process of its own.

Reads one line of JSON: credentials, the path of a JPEG, frames a second (0: no limit), the chunks' size, and whether
frames are whole or lack their first chunk. Says `ready`, begins at the next line, ends when its input does or
its connection, and says what it sent.
"""

import json
import select
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from hub import wire


def connect(credentials: dict[str, Any]) -> tuple[mqtt.Client, ssl.SSLSocket]:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, credentials["device"], protocol=mqtt.MQTTv311)
    client.username_pw_set(credentials["username"], credentials["password"])
    client.tls_set_context(ssl.create_default_context(cadata=credentials["ca"]))
    client.connect(credentials["host"], credentials["port"], keepalive=600)
    connection: Any = client.socket()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while not client.is_connected():
        client.loop_write()
        select.select([connection], [], [], 0.2)
        client.loop_read()
    return client, connection


def flood(client: mqtt.Client, connection: ssl.SSLSocket, topic: str, given: dict[str, Any]) -> dict[str, Any]:
    """Send frames until the input ends or the broker hangs up."""
    jpeg, per_s = Path(given["jpeg"]).read_bytes(), given["per_s"]
    began, frames, chunks, sent, cut_off = time.monotonic(), 0, 0, 0, False
    while not cut_off and not select.select([sys.stdin], [], [], 0)[0]:
        frames += 1
        header = wire.Header(0, 0xBAD, frames, 0, 0, 0, given["chunk_size"], 0, 0, 0)
        for head, data in list(wire.split(jpeg, header))[0 if given["whole"] else 1 :]:
            client.publish(topic, head + bytes(data), qos=0)
            chunks += 1
            sent += len(head) + len(data)
        while client.want_write() and client.socket() is not None:
            select.select([], [connection], [], 5)
            client.loop_write()
        cut_off = client.socket() is None
        if per_s:
            time.sleep(max(0.0, began + frames / per_s - time.monotonic()))
    seconds = time.monotonic() - began
    return {"frames": frames, "chunks": chunks, "bytes": sent, "seconds": seconds, "cut_off": cut_off}


def main() -> None:
    given = json.loads(sys.stdin.readline())
    credentials = given["credentials"]
    client, connection = connect(credentials)
    print("ready", flush=True)
    sys.stdin.readline()
    topic = wire.up(credentials["site"], credentials["device"], wire.FRAME)
    print(json.dumps(flood(client, connection, topic, given)), flush=True)


if __name__ == "__main__":
    main()
