-- Erased rows leave copies in free pages and the log until the file is rewritten. A row here says that
-- this is still to be done, should the process that removed somebody not have come to it.
CREATE TABLE scrub_due (since_ms INTEGER NOT NULL) STRICT;

-- What a dashboard asks for.
CREATE INDEX person_group ON person (group_name);
CREATE INDEX event_outcome ON event (outcome, event_id);
