-- Where the database mirrors a site in Firestore, the outbox holds what Firestore hasn't got yet. Triggers
-- fill it in the transaction of each change, so that no way of writing can forget it. A row names a document
-- (hub/store/documents.py) and holds nothing of it: what is sent is read from the tables at that moment.
-- Without a row in the tables the document is deleted.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    change INTEGER NOT NULL DEFAULT 1, -- rises with each change, so that one during the sending isn't missed
    fresh INTEGER NOT NULL DEFAULT 0, -- a person or a first sighting, unconfirmed: 1 made here, 2 before the mirror began
    since_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting', -- or `dead`: can never succeed as it is
    last_error TEXT,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX outbox_order ON outbox ((kind = 'pictures'), seq) WHERE state = 'waiting';

-- One row. `recording` is 0 where nothing is mirrored, and while changes from Firestore are written.
CREATE TABLE sync (
    recording INTEGER NOT NULL,
    target TEXT NOT NULL, -- the project and the space in it that this is a mirror of
    origin TEXT NOT NULL, -- this mirror's own random name
    paused TEXT, -- why nothing is sent, a sentence
    trouble TEXT, -- why Firestore can't be reached, a sentence
    contact_ms INTEGER, -- Firestore's last answer
    pulled_ms INTEGER, -- when everything had been pulled
    asked INTEGER NOT NULL -- rises when somebody wants everything sent and pulled at once
) STRICT;
INSERT INTO sync VALUES (0, '', '', NULL, NULL, NULL, NULL, 0);

-- How far each kind was pulled: Firestore's time of change, in microseconds.
CREATE TABLE sync_cursor (
    kind TEXT PRIMARY KEY,
    changed_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Documents of Firestore that make no sense, or name what isn't here (yet).
CREATE TABLE sync_skipped (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL, -- a fixed word
    message TEXT NOT NULL, -- a sentence
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Two hubs saw a person first on the same day. The earlier sighting is the attendance, the other is kept here.
CREATE TABLE conflict (
    person_id TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    day TEXT NOT NULL,
    event_id TEXT NOT NULL,
    status TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    device TEXT,
    clock TEXT NOT NULL,
    distance REAL,
    found_ms INTEGER NOT NULL,
    PRIMARY KEY (person_id, day, event_id)
) STRICT, WITHOUT ROWID;

-- The order of corrections is the order of writing, on all machines: a correction's turn is seq / 1024, one
-- more than all that its writer knew. Those of the same turn were written at once, and share its 1024 places.
UPDATE correction SET seq = -1024 * seq;
UPDATE correction SET seq = -seq;

-- What triggers write to: one place that says how a change gets into the outbox.
CREATE VIEW changed AS SELECT kind, key, fresh FROM outbox;
CREATE TRIGGER changed_noted INSTEAD OF INSERT ON changed BEGIN
    INSERT INTO outbox (kind, key, fresh, since_ms)
    VALUES (NEW.kind, NEW.key, NEW.fresh, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
    ON CONFLICT (kind, key) DO UPDATE
    SET change = change + 1, fresh = max(fresh, excluded.fresh), tries = 0, state = 'waiting', last_error = NULL;
END;
CREATE TRIGGER person_sent_when_added AFTER INSERT ON person WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('people', NEW.person_id, 1);
END;
CREATE TRIGGER person_sent_when_changed AFTER UPDATE ON person WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('people', NEW.person_id, 0);
END;
CREATE TRIGGER person_sent_when_removed AFTER DELETE ON person WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('people', OLD.person_id, 0);
END;
CREATE TRIGGER photo_sent_when_added AFTER INSERT ON photo WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('photos', NEW.photo_id, 0);
END;
CREATE TRIGGER photo_sent_when_changed AFTER UPDATE ON photo WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('photos', NEW.photo_id, 0);
END;
CREATE TRIGGER photo_sent_when_removed AFTER DELETE ON photo WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('photos', OLD.photo_id, 0);
END;
CREATE TRIGGER template_sent_when_added AFTER INSERT ON template WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('photos', NEW.photo_id, 0);
END;
CREATE TRIGGER template_sent_when_changed AFTER UPDATE ON template WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('photos', NEW.photo_id, 0);
END;
CREATE TRIGGER template_sent_when_removed AFTER DELETE ON template WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('photos', OLD.photo_id, 0);
END;
CREATE TRIGGER device_sent_when_added AFTER INSERT ON device WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('devices', NEW.device, 0);
END;
CREATE TRIGGER device_sent_when_changed AFTER UPDATE ON device WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('devices', NEW.device, 0);
END;
CREATE TRIGGER device_sent_when_removed AFTER DELETE ON device WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('devices', OLD.device, 0);
END;
CREATE TRIGGER device_group_sent_when_added AFTER INSERT ON device_group WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('devices', NEW.device, 0);
END;
CREATE TRIGGER device_group_sent_when_changed AFTER UPDATE ON device_group WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('devices', NEW.device, 0);
END;
CREATE TRIGGER device_group_sent_when_removed AFTER DELETE ON device_group WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('devices', OLD.device, 0);
END;
CREATE TRIGGER device_state_sent_when_added AFTER INSERT ON device_state WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('device_states', NEW.device, 0);
END;
CREATE TRIGGER device_state_sent_when_changed AFTER UPDATE ON device_state WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('device_states', NEW.device, 0);
END;
CREATE TRIGGER device_state_sent_when_removed AFTER DELETE ON device_state WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('device_states', OLD.device, 0);
END;
CREATE TRIGGER wanted_config_sent_when_added AFTER INSERT ON wanted_config WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('wanted_configs', NEW.device || '_' || NEW.version, 0);
END;
CREATE TRIGGER wanted_config_sent_when_changed AFTER UPDATE ON wanted_config WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('wanted_configs', NEW.device || '_' || NEW.version, 0);
END;
CREATE TRIGGER wanted_config_sent_when_removed AFTER DELETE ON wanted_config WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('wanted_configs', OLD.device || '_' || OLD.version, 0);
END;
CREATE TRIGGER config_template_sent_when_added AFTER INSERT ON config_template WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('config_templates', NEW.name, 0);
END;
CREATE TRIGGER config_template_sent_when_changed AFTER UPDATE ON config_template WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('config_templates', NEW.name, 0);
END;
CREATE TRIGGER config_template_sent_when_removed AFTER DELETE ON config_template WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('config_templates', OLD.name, 0);
END;
CREATE TRIGGER config_follower_sent_when_added AFTER INSERT ON config_follower WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('config_templates', NEW.name, 0);
END;
CREATE TRIGGER config_follower_sent_when_changed AFTER UPDATE ON config_follower WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('config_templates', NEW.name, 0);
END;
CREATE TRIGGER config_follower_sent_when_removed AFTER DELETE ON config_follower WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('config_templates', OLD.name, 0);
END;
CREATE TRIGGER event_sent_when_added AFTER INSERT ON event WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', NEW.event_id, 0);
    INSERT INTO changed SELECT 'pictures', NEW.picture, 0 WHERE NEW.picture IS NOT NULL;
END;
CREATE TRIGGER event_sent_when_changed AFTER UPDATE ON event WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', NEW.event_id, 0);
END;
CREATE TRIGGER event_sent_when_removed AFTER DELETE ON event WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', OLD.event_id, 0);
END;
-- Faces are added with their event.
CREATE TRIGGER face_sent_when_changed AFTER UPDATE ON face WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', NEW.event_id, 0);
END;
CREATE TRIGGER face_sent_when_removed AFTER DELETE ON face WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', OLD.event_id, 0);
END;
CREATE TRIGGER ignored_face_sent_when_added AFTER INSERT ON ignored_face WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', NEW.event_id, 0);
END;
CREATE TRIGGER ignored_face_sent_when_changed AFTER UPDATE ON ignored_face WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', NEW.event_id, 0);
END;
CREATE TRIGGER ignored_face_sent_when_removed AFTER DELETE ON ignored_face WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('events', OLD.event_id, 0);
END;
CREATE TRIGGER attendance_sent_when_added AFTER INSERT ON attendance WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('attendance', NEW.person_id || '_' || NEW.day, 1);
END;
CREATE TRIGGER attendance_sent_when_changed AFTER UPDATE ON attendance WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed
    VALUES ('attendance', NEW.person_id || '_' || NEW.day, OLD.event_id IS NOT NEW.event_id);
END;
CREATE TRIGGER attendance_sent_when_removed AFTER DELETE ON attendance WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('attendance', OLD.person_id || '_' || OLD.day, 0);
END;
CREATE TRIGGER correction_sent_when_added AFTER INSERT ON correction WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('corrections', NEW.correction_id, 0);
END;
CREATE TRIGGER correction_sent_when_changed AFTER UPDATE ON correction WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('corrections', NEW.correction_id, 0);
END;
CREATE TRIGGER correction_sent_when_removed AFTER DELETE ON correction WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('corrections', OLD.correction_id, 0);
END;
CREATE TRIGGER negative_sent_when_added AFTER INSERT ON negative WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('negatives', NEW.event_id || '_' || NEW.place, 0);
END;
CREATE TRIGGER negative_sent_when_changed AFTER UPDATE ON negative WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('negatives', NEW.event_id || '_' || NEW.place, 0);
END;
CREATE TRIGGER negative_sent_when_removed AFTER DELETE ON negative WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('negatives', OLD.event_id || '_' || OLD.place, 0);
END;
CREATE TRIGGER conflict_sent_when_added AFTER INSERT ON conflict WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('conflicts', NEW.person_id || '_' || NEW.day || '_' || NEW.event_id, 0);
END;
CREATE TRIGGER conflict_sent_when_changed AFTER UPDATE ON conflict WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('conflicts', NEW.person_id || '_' || NEW.day || '_' || NEW.event_id, 0);
END;
CREATE TRIGGER conflict_sent_when_removed AFTER DELETE ON conflict WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed VALUES ('conflicts', OLD.person_id || '_' || OLD.day || '_' || OLD.event_id, 0);
END;
-- Replacing a row fires no trigger for the one that goes: the template that the camera followed before.
CREATE TRIGGER config_follower_sent_when_replaced BEFORE INSERT ON config_follower
WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed SELECT 'config_templates', name, 0 FROM config_follower WHERE device = NEW.device;
END;
-- Pictures go by their own keys.
CREATE TRIGGER event_picture_sent_when_changed AFTER UPDATE OF picture ON event
WHEN (SELECT recording FROM sync) AND OLD.picture IS NOT NEW.picture BEGIN
    INSERT INTO changed SELECT 'pictures', value, 0
    FROM (SELECT OLD.picture AS value UNION SELECT NEW.picture) WHERE value IS NOT NULL;
END;
CREATE TRIGGER event_picture_sent_when_removed AFTER DELETE ON event
WHEN (SELECT recording FROM sync) AND OLD.picture IS NOT NULL BEGIN
    INSERT INTO changed VALUES ('pictures', OLD.picture, 0);
END;
CREATE TRIGGER photo_picture_sent_when_added AFTER INSERT ON photo
WHEN (SELECT recording FROM sync) AND NEW.key IS NOT NULL BEGIN
    INSERT INTO changed VALUES ('pictures', NEW.key, 0);
END;
CREATE TRIGGER photo_picture_sent_when_changed AFTER UPDATE OF key ON photo
WHEN (SELECT recording FROM sync) AND OLD.key IS NOT NEW.key BEGIN
    INSERT INTO changed SELECT 'pictures', value, 0
    FROM (SELECT OLD.key AS value UNION SELECT NEW.key) WHERE value IS NOT NULL;
END;
CREATE TRIGGER photo_picture_sent_when_removed AFTER DELETE ON photo
WHEN (SELECT recording FROM sync) AND OLD.key IS NOT NULL BEGIN
    INSERT INTO changed VALUES ('pictures', OLD.key, 0);
END;
