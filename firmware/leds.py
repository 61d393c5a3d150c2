"""What the LEDs say. The red one on the board alone tells every answer apart; an external green one is clearer."""

import asyncio

import hal

# (red, green, ms) per step; a pattern ends dark. firmware/README.md explains them to people.
PATTERNS = {
    "recognized": ((1, 1, 1500),),
    "already_marked": ((1, 1, 200), (0, 0, 200)) * 2,
    "unknown": ((1, 0, 500), (0, 0, 300)) * 3,
    "come_closer": tuple([(level, 0, ms) for ms in (400, 300, 200, 120, 80, 80) for level in (1, 0)]),
    "away": ((1, 0, 60), (0, 0, 900)) * 3,
    "error": ((1, 0, 60), (0, 0, 60)) * 10,
    "unclaimed": ((1, 1, 60), (0, 0, 150)) * 2,
    "identify": ((1, 0, 250), (0, 1, 250)) * 20,
}
_FOR_OUTCOME = {
    "recognized": "recognized",
    "already_marked": "already_marked",
    "spoof": "unknown",
    "uncertain": "come_closer",
    "unknown": "unknown",
    "low_quality": "come_closer",
    "busy": "away",
    "invalid": "error",
    "error": "error",
}


class Leds:
    def __init__(self, config, brightness=100):
        self._config = config
        self._brightness = brightness
        self._wanted = None
        self._playing = None
        self._change = asyncio.Event()

    def show_outcome(self, outcome):
        """An answer of the hub; a frame without a face shows nothing."""
        if outcome in _FOR_OUTCOME:
            self.show(_FOR_OUTCOME[outcome])

    def show(self, pattern):
        """Play a pattern, instead of whatever plays. `identify` shows even where LEDs are configured off."""
        if self._config["led"] == "off" and pattern != "identify":
            return
        if pattern != self._playing:
            self._wanted = pattern
            self._change.set()

    async def run(self):
        self._light(0, 0)
        while True:
            await self._change.wait()
            self._change.clear()
            self._playing, self._wanted = self._wanted, None
            await self._play(PATTERNS[self._playing])
            self._playing = None
            self._light(0, 0)

    async def _play(self, steps):
        for red, green, ms in steps:
            self._light(red, green)
            try:
                await asyncio.wait_for_ms(self._change.wait(), ms)
                return  # something newer to show
            except asyncio.TimeoutError:
                pass

    def _light(self, red, green):
        hal.set_led("red", red * self._brightness)
        hal.set_led("green", green * self._brightness)
