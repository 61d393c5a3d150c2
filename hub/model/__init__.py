"""The values that pass between the stages. All frozen; times are Unix milliseconds (`_ms`)."""

from hub.model.attendance import Attendance, Clock, Correction, Marked, Status
from hub.model.device import Device, DeviceState, Reading
from hub.model.event import Event, FacePlace, FaceResult
from hub.model.face import Analysis, Box, Evidence, Face, Match, Quality, Settled, Skip, Vector
from hub.model.frame import Frame, FrameKey
from hub.model.outcome import RANK, Outcome, Reason
from hub.model.person import Consent, Denied, Negative, Person, Photo, Template

__all__ = [
    "RANK",
    "Analysis",
    "Attendance",
    "Box",
    "Clock",
    "Consent",
    "Correction",
    "Denied",
    "Device",
    "DeviceState",
    "Event",
    "Evidence",
    "Face",
    "FacePlace",
    "FaceResult",
    "Frame",
    "FrameKey",
    "Marked",
    "Match",
    "Negative",
    "Outcome",
    "Person",
    "Photo",
    "Quality",
    "Reading",
    "Reason",
    "Settled",
    "Skip",
    "Status",
    "Template",
    "Vector",
]
