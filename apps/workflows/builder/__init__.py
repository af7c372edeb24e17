"""Building workflows: drafts, patches on them, the inspector's forms, pages of a workflow and its versions."""
