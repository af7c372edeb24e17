"""From us to Notion: wishes that coalesce, three-way comparison, sending."""
