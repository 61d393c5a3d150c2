-- What cameras reported lately, for their charts: at most a row a camera and minute, for days. It stays on this
-- machine and is never mirrored.
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
CREATE INDEX device_history_minute ON device_history (minute);
