"""The hardware, by the same names twice: `board` is the ESP32-CAM, `host` is the unix port with stand-ins."""

import sys

if sys.platform == "esp32":
    from .board import *
else:
    from .host import *
