PRAGMA application_id = 1347574337;
PRAGMA user_version = 8;
BEGIN TRANSACTION;
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
INSERT INTO "attendance" VALUES('2026-11-23','p-1','present',1795424400000,1795424400001,'door-1','01E1795424400000000001door-1','received',0.25);
CREATE TABLE config_follower (
    device TEXT PRIMARY KEY,
    name TEXT NOT NULL REFERENCES config_template ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE config_template (
    name TEXT PRIMARY KEY,
    config TEXT NOT NULL, -- JSON
    changed_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
INSERT INTO "correction" VALUES(1024,'c-1','p-1','2026-11-23','late','a letter from the doctor','the office',1795424400000);
INSERT INTO "correction" VALUES(2048,'c-2','p-2','2026-11-23','excused','a letter from the doctor','the office',1795424400000);
CREATE TABLE device (
    device TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "device" VALUES('door-1',1000,'main entrance');
CREATE TABLE device_group (
    device TEXT NOT NULL REFERENCES device ON DELETE CASCADE,
    group_name TEXT NOT NULL,
    PRIMARY KEY (device, group_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_history (
    device TEXT NOT NULL,
    minute INTEGER NOT NULL, -- Unix time in minutes
    boot_id INTEGER NOT NULL, -- counters begin anew with it
    rssi_dbm INTEGER,
    heap_free INTEGER,
    temperature_c REAL,
    frames_sent INTEGER,
    frames_acked INTEGER,
    frames_lost INTEGER,
    PRIMARY KEY (device, minute)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_state (
    device TEXT PRIMARY KEY,
    seen_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL, -- JSON, as are the next two
    telemetry TEXT NOT NULL,
    config TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "device_state" VALUES('door-1',2000,'online','{"boot_id": 7}','{"rssi_dbm": -61}','{}');
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
INSERT INTO "event" VALUES('01E1795424400000000001door-1','door-1',7,1,3,0,1795424400000,'recognized',NULL,640,480,'results/2026-11-23/1.jpg');
INSERT INTO "event" VALUES('01E1795424400001000002door-1','door-1',7,2,3,0,1795424400001,'already_marked',NULL,640,480,NULL);
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
    margin REAL, score REAL,
    PRIMARY KEY (event_id, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "face" VALUES('01E1795424400000000001door-1',0,10,90,90,10,'recognized',NULL,'p-1',0.25,0.5,NULL);
INSERT INTO "face" VALUES('01E1795424400000000001door-1',1,10,90,90,10,'unknown',NULL,NULL,0.25,NULL,NULL);
INSERT INTO "face" VALUES('01E1795424400001000002door-1',0,10,90,90,10,'already_marked',NULL,'p-1',0.25,0.5,NULL);
CREATE TABLE ignored_face (
    event_id TEXT NOT NULL REFERENCES event ON DELETE CASCADE,
    place INTEGER NOT NULL,
    PRIMARY KEY (event_id, place)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE people_revision (revision INTEGER NOT NULL) STRICT;
INSERT INTO "people_revision" VALUES(7);
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
INSERT INTO "person" VALUES('p-1','Ada Ödegård','0007','1A','p-1 agrees','the office',1000,'2026-1',2000);
INSERT INTO "person" VALUES('p-2','Bob','','1B','p-2 agrees','the office',1000,'2026-1',2000);
CREATE TABLE photo (
    photo_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    key TEXT NOT NULL,
    quality TEXT NOT NULL, -- JSON
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "photo" VALUES('f-1','p-1','people/p-1/f-1.jpg','{"size_px": 120, "sharpness": 88.5, "brightness": 127.25, "turn": 0.125, "score": 0.875, "strength": null}',3000);
CREATE TABLE scrub_due (since_ms INTEGER NOT NULL) STRICT;
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
INSERT INTO "sync" VALUES(0,'','',NULL,NULL,NULL,NULL,0);
CREATE TABLE sync_cursor (
    kind TEXT PRIMARY KEY,
    changed_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sync_skipped (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL, -- a fixed word
    message TEXT NOT NULL, -- a sentence
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE template (
    photo_id TEXT NOT NULL REFERENCES photo ON DELETE CASCADE,
    engine TEXT NOT NULL,
    place INTEGER NOT NULL,
    vector BLOB NOT NULL, -- float32, little-endian
    PRIMARY KEY (photo_id, engine, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "template" VALUES('f-1','dlib-1',0,X'69F0B03E9155523F0C2FA93EDBCDA6BF67C5673F358BE43EC47509BF28C4143F3CA9BA3E8998963EC3D5E83C62F50B3F41883CBFDED126BE58D8F6BEFC4D193FA6B3223DE4BC95BE272B48BFB4AE83BEC866053CD31B8DBEE2A3A53F58DC803FB0832DC030CBF1BF75F732BE5729D8BE3BC55A3EA4895E3EAC8A0740B2568EBF7255C1BEC5BC0240548E253F85BE293FEC9503BF21F4D2BFE17B2B3EC742DF3DDF199DBFF1E72EBFA38B93BD3EDB71BFC441C9BD9B8CC33DE0C2113D559C01BFE0FF173F8423643F3B46A43E897751BF904D3B3F605E00BFAC10613F543089BF861A6A3F1D5CA4BC01D79FBF6EB7A0BE5A9A5D3D4EAB8B3EAE707BBF66BE8DBFE35F4C3ECEF9EEBE6228713EDF6F423F770BD3BF293F823E3BC19C3F705598BE8B914FBF0D93403FBEC3813E9858653F1DC0B0BE39ACBDBF534DE1BD9643E4BE9F7B463FB047463EABBFD0BF1BFB98BF0040623F15052E3FFDE623BFC67789BA3822E43EB1D2EF3E6951603F1652833E5C35C2BDBC8784BE9522873FFF0D10C0A9FB0DBE1E2B073DD671B6BF8C66AA3E5ABA26BF2FC95C3F369B00BEA04D2B3F11039C3F590FC43E432F60BF31D5C1BFE46EE03F29EDE3BDCB4530BF21B8133E550144BEFF255A3F47F80A3DEF45613CB2EE36BF3B6BF03EBF5584BFBB772A3F6210C33FE928C3BFB3D61DC0C4EB1D3FC21023404E1E80BFCC16A0BFABC6163F');
INSERT INTO "template" VALUES('f-1','dlib-1',1,X'3697413ED8D205BF117DD3BE00411CC0D05CE63F0774923FD29DA6BE3018463FD8FA8F3E55C70DBFDC417A3F45019FBE9B5BA8BE21CA4ABF44F0E83E5928CBBD0B980B3F86701BBF29DF013E126C64BF406A573F458C403E9A40A93E922DD23E806081BF8D7E483F05A103407CB8D1BF5B5DDDBF519EC0BFDA69573F0ACE033E20078A3F3BF1383F23A0573E736D913EB2D52DBE69535E3F889A90BFE1FDD7BEF6C4783EF594E63FECB343BFA71E8ABF973310BF3922783F49A570BE3484A93F0CAFEFBF7273903F7F76843FD696B5BF92441D3EF29D9B3FE60EB43D6FEC7F3F26FE1740D9408C3E458E8FBEAD6345BF90E7253F9B7349BE4A0937BE7092D7BDDC5D263FD17D88BFFED2C3BFA3C41BC00C6E993FF920973D984BC13F70BD12BCE6FD3DBF26B3F43E63DA9CBD3089A0BFB99362BFD325E23F716DB53E9E30D53E30988DBE769130BF8E43643F6546D6BDE95442BFFD5809BECCD567BF609B423E888A903FAD0956BF88DAB63F24E92ABF14181D3E6D1D56BF9E9163BE212B423D068FDEBE76F033BFF3892DBF8A3752BF62F8C8BFF4A386BE9C64CD3E078D683F86A8253F00451D403D2AA33E99A4E9BEB991EF3F3E0B86BF26EE773F5E8474BF204EB53E6DF4FBBFCD36663FAA0B22BEF9B977BF6FD6D63F49EE433FFFA03B3D61D53EBFF99C31BDF1DC27BEF48A393FA84E4C3F15F22ABF8DA30CBF6F3508BF');
CREATE TABLE wanted_config (
    device TEXT NOT NULL,
    version INTEGER NOT NULL,
    config TEXT NOT NULL, -- JSON
    wanted_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL, origin TEXT NOT NULL DEFAULT '', answer TEXT, errors TEXT NOT NULL DEFAULT '[]', answered_ms INTEGER,
    PRIMARY KEY (device, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX person_number ON person (number) WHERE number <> '';
CREATE INDEX photo_person ON photo (person_id, created_ms, photo_id);
CREATE TRIGGER person_added AFTER INSERT ON person BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER person_changed AFTER UPDATE ON person BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER person_removed AFTER DELETE ON person BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER template_added AFTER INSERT ON template BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER template_changed AFTER UPDATE ON template BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER template_removed AFTER DELETE ON template BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE INDEX attendance_person ON attendance (person_id, day);
CREATE INDEX correction_day ON correction (day, person_id, seq);
CREATE INDEX correction_person ON correction (person_id, day);
CREATE INDEX event_device ON event (device, event_id);
CREATE INDEX event_received ON event (received_ms);
CREATE INDEX event_picture ON event (picture) WHERE picture IS NOT NULL;
CREATE INDEX face_person ON face (person_id, event_id) WHERE person_id IS NOT NULL;
CREATE INDEX person_group ON person (group_name);
CREATE INDEX event_outcome ON event (outcome, event_id);
CREATE INDEX negative_person ON negative (person_id);
CREATE TRIGGER group_added AFTER INSERT ON device_group BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER group_changed AFTER UPDATE ON device_group BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER group_removed AFTER DELETE ON device_group BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER negative_added AFTER INSERT ON negative BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE TRIGGER negative_removed AFTER DELETE ON negative BEGIN UPDATE people_revision SET revision = revision + 1; END;
CREATE INDEX config_follower_name ON config_follower (name);
CREATE INDEX outbox_order ON outbox ((kind = 'pictures'), seq) WHERE state = 'waiting';
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
CREATE TRIGGER config_follower_sent_when_replaced BEFORE INSERT ON config_follower WHEN (SELECT recording FROM sync) BEGIN
    INSERT INTO changed SELECT 'config_templates', name, 0 FROM config_follower WHERE device = NEW.device;
END;
CREATE TRIGGER event_picture_sent_when_changed AFTER UPDATE OF picture ON event WHEN (SELECT recording FROM sync) AND OLD.picture IS NOT NEW.picture BEGIN
    INSERT INTO changed SELECT 'pictures', value, 0 FROM (SELECT OLD.picture AS value UNION SELECT NEW.picture) WHERE value IS NOT NULL;
END;
CREATE TRIGGER event_picture_sent_when_removed AFTER DELETE ON event WHEN (SELECT recording FROM sync) AND OLD.picture IS NOT NULL BEGIN
    INSERT INTO changed VALUES ('pictures', OLD.picture, 0);
END;
CREATE TRIGGER photo_picture_sent_when_added AFTER INSERT ON photo WHEN (SELECT recording FROM sync) AND NEW.key IS NOT NULL BEGIN
    INSERT INTO changed VALUES ('pictures', NEW.key, 0);
END;
CREATE TRIGGER photo_picture_sent_when_changed AFTER UPDATE OF key ON photo WHEN (SELECT recording FROM sync) AND OLD.key IS NOT NEW.key BEGIN
    INSERT INTO changed SELECT 'pictures', value, 0 FROM (SELECT OLD.key AS value UNION SELECT NEW.key) WHERE value IS NOT NULL;
END;
CREATE TRIGGER photo_picture_sent_when_removed AFTER DELETE ON photo WHEN (SELECT recording FROM sync) AND OLD.key IS NOT NULL BEGIN
    INSERT INTO changed VALUES ('pictures', OLD.key, 0);
END;
CREATE INDEX device_history_minute ON device_history (minute);
CREATE INDEX face_open ON face (event_id, place)
    WHERE outcome = 'uncertain' OR (person_id IS NULL AND outcome IN ('unknown', 'recognized', 'already_marked'));
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',0);
COMMIT;
