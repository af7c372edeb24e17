"""What starts a workflow by itself: schedules, webhooks, e-mail, events, task types, changes in connected services."""
