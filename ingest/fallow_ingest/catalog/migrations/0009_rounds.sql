-- What a round asks its service for, where that is more than was typed ("library" is every paper held then).
ALTER TABLE harvests ADD COLUMN asked TEXT NOT NULL DEFAULT '';
