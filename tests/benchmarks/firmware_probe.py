"""Run by MicroPython for bench_firmware: frames through the firmware's MQTT client, and through a bare socket.

    micropython firmware_probe.py NODE.JSON CHUNK_SIZE FRAMES ROUNDS

with the firmware's files in the current folder. Prints {"client": [ms per frame, …], "socket": […]}.
"""

import array
import asyncio
import json
import socket
import struct
import sys
import time

sys.path.insert(0, "")

import link
import mqtt
import wire

FRAME_BYTES = 40_000


def main(node, chunk_size, frames, rounds):
    picture = memoryview(array.array("b", bytes(FRAME_BYTES)))  # signed, as the driver's buffer is
    tls = link.tls_context(node)
    times = {"client": [], "socket": []}
    for _ in range(rounds + 1):  # the first is for warming up
        times["client"].append(asyncio.run(through_client(node, tls, picture, chunk_size, frames)))
        times["socket"].append(through_socket(node, tls, picture, chunk_size, frames))
    print(json.dumps({name: values[1:] for name, values in times.items()}))


def headers(picture, chunk_size, number):
    return wire.split(picture, wire.Header(0, 1, number, 0, 0, 0, chunk_size, 0, 0, 0))


async def through_client(node, tls, picture, chunk_size, frames):
    """Milliseconds per frame; the QoS 1 message at the end shows that the broker has read everything."""
    client = mqtt.Client(lambda topic, payload: None)
    await client.connect(
        node["host"], node["port"], node["device"], node["username"], node["password"], tls, will(node)
    )
    topic = wire.up(node["site"], node["device"], wire.FRAME)
    start = time.ticks_us()
    for number in range(frames):
        for head, data in headers(picture, chunk_size, number + 1):
            await client.publish(topic, data, head=head)
    await client.publish(wire.up(node["site"], node["device"], wire.STATUS), b"{}", qos=1)
    took = time.ticks_diff(time.ticks_us(), start)
    await client.disconnect()
    client.close()
    return took / frames / 1000


def will(node):
    return (wire.up(node["site"], node["device"], wire.STATUS), b"{}")


def through_socket(node, tls, picture, chunk_size, frames):
    """The same bytes, made beforehand, written to a blocking socket."""
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(node["host"], node["port"])[0][-1])
    sock.setsockopt(6, 1, 1)
    if tls:
        sock = tls.wrap_socket(sock, server_hostname=node["host"])
    write_all(sock, mqtt._connect_packet(node["device"], node["username"], node["password"], 60, None))
    assert sock.read(4)[3] == 0
    topic = wire.up(node["site"], node["device"], wire.FRAME)
    packets = [packet(topic, head + bytes(data), 0) for head, data in headers(picture, chunk_size, 1)]
    last = packet(wire.up(node["site"], node["device"], wire.STATUS), b"{}", 1)
    start = time.ticks_us()
    for _ in range(frames):
        for each in packets:
            write_all(sock, each)
    write_all(sock, last)
    sock.read(4)
    took = time.ticks_diff(time.ticks_us(), start)
    sock.close()
    return took / frames / 1000


def write_all(sock, data):
    view = memoryview(data)
    while view:
        view = view[sock.write(view) :]


def packet(topic, payload, packet_id):
    ids = struct.pack("!H", packet_id) if packet_id else b""
    body = struct.pack("!H", len(topic)) + topic.encode() + ids + payload
    return bytes([0x32 if packet_id else 0x30]) + mqtt._length(len(body)) + body


if __name__ == "__main__":
    with open(sys.argv[1]) as file:  # noqa: PTH123 - MicroPython has no pathlib
        node = json.load(file)
    main(node, int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
