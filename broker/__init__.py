"""The MQTT broker: Mosquitto with our configuration, identities and rights.

prepare(settings)               make its files; before each start
check_port(settings)            raises Busy when its port is taken
command(settings)               what to execute
ready(settings, timeout_s)      wait until it answers
credentials(settings, role)     user name and password of hub, dashboard or admin
Admin(settings)                 cameras' identities, live
renew(settings)                 renew certificates that are due
certificate_stamp(settings)     when it changes, mosquitto must be sent SIGHUP
Desk(settings, register)        serves cameras that redeem a one-time code
code_open_until(…)              whether such a code still waits for its camera
code_note(settings, device)     what is to be noted of a camera that claims its identity
locked(settings)                one broker a data folder
"""

from broker.admin import Admin, Identity
from broker.cameras import camera_credentials, certified_credentials, way
from broker.claims import note_of as code_note
from broker.claims import open_until as code_open_until
from broker.connection import ready
from broker.desk import Desk
from broker.lock import locked
from broker.mosquitto import check_port, command
from broker.provision import credentials, prepare
from broker.tls import ensure as renew
from broker.tls import stamp as certificate_stamp

__all__ = [
    "Admin",
    "Desk",
    "Identity",
    "camera_credentials",
    "certificate_stamp",
    "certified_credentials",
    "check_port",
    "code_note",
    "code_open_until",
    "command",
    "credentials",
    "locked",
    "prepare",
    "ready",
    "renew",
    "way",
]
