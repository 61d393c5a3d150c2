-- Faces that somebody might name, wherever they were seen: `FaceResult.is_open`.
CREATE INDEX face_open ON face (event_id, place)
    WHERE outcome = 'uncertain' OR (person_id IS NULL AND outcome IN ('unknown', 'recognized', 'already_marked'));
