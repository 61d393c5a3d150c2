"""The session with the broker: connect, say `online`, listen, and again and again when it breaks."""

import asyncio
import json

import clock
import link
import mqtt
import wire
from log import log, why

_CONNECT_ERRORS = (OSError, ValueError, EOFError)  # ValueError: mbedTLS on a bad certificate or host name
_CLOCK_AGAIN_MS = 6 * 3600 * 1000
_TLS_ALERT = -0x7780  # MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE
_HUNG_UP = (32, 104, _TLS_ALERT)  # EPIPE, ECONNRESET


class Uplink:
    """`handlers` maps a topic's leaf below `down/` to a function that takes the payload and returns at once.

    A leaf that ends in `/` takes whatever lies below it and gets the rest of the topic as a second argument.
    """

    def __init__(self, node, boot, handlers):
        self._node = node
        self._boot = boot  # what every status says besides state and time
        self._handlers = handlers
        self._site = node["site"]
        self._device = node["device"]
        self._down = wire.down(self._site, self._device, "")
        self._hub_status = wire.hub(self._site, wire.STATUS)
        self._frame_topic = wire.up(self._site, self._device, wire.FRAME)
        self._link = link.Link(node)
        self._tls = link.tls_context(node)
        self._client = None
        self._hub_online = False
        self._clock_ms = None  # uptime at which the clock was last set
        self.on_connect = None  # async, called with the session up
        self.connected = asyncio.Event()
        self.sessions = 0
        self.refused = 0  # payloads that weren't what the contract says

    def hub_is_there(self):
        return self._client is not None and self._hub_online

    def rssi_dbm(self):
        return self._link.rssi_dbm()

    async def run(self):
        backoff = link.Backoff()
        while True:
            try:
                await self._link.up()
                await self._set_clock()
                await self._session(backoff)
            except mqtt.Refused as error:
                log("uplink", "the broker refuses:", mqtt.REFUSALS[error.errno])
            except _CONNECT_ERRORS as error:
                log("uplink", "no connection:", why(error))
                self._doubt_certificate(error)
            pause = backoff.next_ms()
            log("uplink", "again in", pause, "ms")
            await asyncio.sleep_ms(pause)

    def _doubt_certificate(self, error):
        """A broker that doesn't take our certificate hangs up without a word of MQTT."""
        if "certificate_file" not in self._node:
            return
        if clock.unix_ms() // 1000 > self._node.get("certificate_ends_s", 1 << 40):
            log("uplink", "this camera's certificate has ended: it needs a new one, by `presenza device flash`")
        elif isinstance(error, EOFError) or getattr(error, "errno", None) in _HUNG_UP:
            log("uplink", "the broker hung up: was this camera's certificate revoked, or is it of another CA?")

    async def _set_clock(self):
        now = clock.uptime_ms()
        if self._clock_ms is not None and now - self._clock_ms < _CLOCK_AGAIN_MS:
            return
        if await clock.sync(self._node.get("ntp") or (self._node["host"], "pool.ntp.org")):
            self._clock_ms = now
        else:
            log("uplink", "no time server answers; frames go without a time")

    async def _session(self, backoff):
        node = self._node
        client = mqtt.Client(self._on_message, node.get("keepalive_s", 30), node.get("timeout_ms", 10_000))
        will = (wire.up(self._site, self._device, wire.STATUS), json.dumps(self._offline()))
        try:
            await client.connect(
                node["host"], node["port"], self._device, node.get("username"), node.get("password"), self._tls, will
            )
            await client.subscribe(self._topics())
            self._client = client
            await self._greet()
            backoff.reset()
            await client.lost.wait()
            log("uplink", "connection lost:", why(client.error))
        finally:
            self._client = None
            self._hub_online = False
            self.connected.clear()
            client.close()

    def _topics(self):
        leaves = [leaf + "+" if leaf.endswith("/") else leaf for leaf in self._handlers]
        return [self._down + leaf for leaf in leaves] + [self._hub_status]

    async def _greet(self):
        self.sessions += 1
        log("uplink", "connected to", self._node["host"], "as", self._device)
        await self.say_online()
        self.connected.set()
        if self.on_connect:
            await self.on_connect()

    async def say_online(self, **changes):
        """Publish the status; `changes` are to its facts."""
        self._boot.update(changes)
        status = {"v": 1, "state": "online"}
        status.update(self._boot)
        if clock.unix_ms():
            status["since_ms"] = clock.unix_ms()
        await self.publish(wire.STATUS, status, qos=1, retain=True)

    def _offline(self):
        return {"v": 1, "state": "offline", "boot_id": self._boot["boot_id"]}

    async def say_goodbye(self):
        """Before a restart on purpose."""
        await self.publish(wire.STATUS, self._offline(), qos=1, retain=True)

    async def publish(self, leaf, payload, qos=0, retain=False):
        """Publish JSON below `up/`; False when there is no connection for it."""
        topic = wire.up(self._site, self._device, leaf)
        return await self._publish(topic, json.dumps(payload).encode(), qos, retain)

    async def send_chunk(self, head, data, qos):
        return await self._publish(self._frame_topic, data, qos, False, head)

    async def _publish(self, topic, payload, qos, retain, head=b""):
        if self._client is None:
            return False
        try:
            await self._client.publish(topic, payload, qos, retain, head)
            return True
        except OSError as error:
            log("uplink", "not published:", why(error))
            return False

    def _on_message(self, topic, payload):
        try:
            if topic == self._hub_status:
                self._take_hub_status(payload)
            elif topic.startswith(self._down):
                self._dispatch(topic[len(self._down) :], payload)
        except (ValueError, LookupError, TypeError, AttributeError, MemoryError, RuntimeError) as error:
            self.refused += 1
            log("uplink", "ignored a message on", topic, "-", why(error))

    def _dispatch(self, leaf, payload):
        handler = self._handlers.get(leaf)
        if handler:
            handler(payload)
            return
        folder, _, name = leaf.partition("/")
        handler = self._handlers.get(folder + "/")
        if handler:
            handler(payload, name)

    def _take_hub_status(self, payload):
        online = bool(payload) and json.loads(payload)["state"] == "online"
        if online != self._hub_online:
            log("uplink", "the hub is", "there" if online else "away")
        self._hub_online = online
