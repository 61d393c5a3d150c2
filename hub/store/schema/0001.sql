-- People, attendance, events and devices. Times are Unix milliseconds; `day` is the site's, YYYY-MM-DD.

CREATE TABLE person (
    person_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    group_name TEXT NOT NULL,
    consent_text TEXT NOT NULL,
    consent_by TEXT NOT NULL,
    consent_at_ms INTEGER NOT NULL,
    consent_version TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX person_number ON person (number) WHERE number <> '';

CREATE TABLE photo (
    photo_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    key TEXT NOT NULL,
    quality TEXT NOT NULL, -- JSON
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_person ON photo (person_id, created_ms, photo_id);

CREATE TABLE template (
    photo_id TEXT NOT NULL REFERENCES photo ON DELETE CASCADE,
    engine TEXT NOT NULL,
    place INTEGER NOT NULL,
    vector BLOB NOT NULL, -- float32, little-endian
    PRIMARY KEY (photo_id, engine, place)
) STRICT, WITHOUT ROWID;

-- One row, bumped by every change of people or templates, so that other processes notice it cheaply.
CREATE TABLE people_revision (revision INTEGER NOT NULL) STRICT;
INSERT INTO people_revision VALUES (1);
CREATE TRIGGER person_added AFTER INSERT ON person BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER person_changed AFTER UPDATE ON person BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER person_removed AFTER DELETE ON person BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER template_added AFTER INSERT ON template BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER template_changed AFTER UPDATE ON template BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER template_removed AFTER DELETE ON template BEGIN UPDATE people_revision SET revision = revision + 1; END;

-- What cameras saw. The primary key is the lock that makes it one attendance per person and day.
CREATE TABLE attendance (
    day TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    status TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    device TEXT,
    event_id TEXT,
    clock TEXT NOT NULL,
    distance REAL,
    PRIMARY KEY (day, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attendance_person ON attendance (person_id, day);

-- What people said about a day. Rows are only added; the newest of a day is in force.
CREATE TABLE correction (
    seq INTEGER PRIMARY KEY,
    correction_id TEXT NOT NULL UNIQUE,
    person_id TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    day TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    corrected_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX correction_day ON correction (day, person_id, seq);
CREATE INDEX correction_person ON correction (person_id, day);

CREATE TABLE event (
    event_id TEXT PRIMARY KEY,
    device TEXT NOT NULL,
    boot_id INTEGER NOT NULL,
    frame_id INTEGER NOT NULL,
    motion_id INTEGER NOT NULL,
    captured_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    picture TEXT,
    UNIQUE (device, boot_id, frame_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_device ON event (device, event_id);
CREATE INDEX event_received ON event (received_ms);
CREATE INDEX event_picture ON event (picture) WHERE picture IS NOT NULL;

CREATE TABLE face (
    event_id TEXT NOT NULL REFERENCES event ON DELETE CASCADE,
    place INTEGER NOT NULL,
    box_top INTEGER NOT NULL,
    box_right INTEGER NOT NULL,
    box_bottom INTEGER NOT NULL,
    box_left INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    person_id TEXT REFERENCES person,
    distance REAL,
    margin REAL,
    PRIMARY KEY (event_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX face_person ON face (person_id, event_id) WHERE person_id IS NOT NULL;

CREATE TABLE device (
    device TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Not bound to `device`: a camera may report before, and once more after, it is registered here.
CREATE TABLE device_state (
    device TEXT PRIMARY KEY,
    seen_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL, -- JSON, as are the next two
    telemetry TEXT NOT NULL,
    config TEXT NOT NULL
) STRICT, WITHOUT ROWID;
