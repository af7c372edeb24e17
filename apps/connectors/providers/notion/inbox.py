"""From Notion to us: polls, hints, exactly-once delivery."""
