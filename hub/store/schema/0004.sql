-- The share of strangers who come as near as the face did.
ALTER TABLE face ADD COLUMN score REAL;

-- The groups that a camera serves.
CREATE TABLE device_group (
    device TEXT NOT NULL REFERENCES device ON DELETE CASCADE,
    group_name TEXT NOT NULL,
    PRIMARY KEY (device, group_name)
) STRICT, WITHOUT ROWID;

-- Faces that were taken for a person and aren't. They go with the event and with the person.
CREATE TABLE negative (
    event_id TEXT NOT NULL REFERENCES event ON DELETE CASCADE,
    place INTEGER NOT NULL,
    person_id TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    engine TEXT NOT NULL,
    vector BLOB NOT NULL, -- float32, little-endian
    denied_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (event_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX negative_person ON negative (person_id);

-- Both change who is recognized where.
CREATE TRIGGER group_added AFTER INSERT ON device_group BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER group_changed AFTER UPDATE ON device_group BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER group_removed AFTER DELETE ON device_group BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER negative_added AFTER INSERT ON negative BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER negative_removed AFTER DELETE ON negative BEGIN UPDATE people_revision SET revision = revision + 1; END;
