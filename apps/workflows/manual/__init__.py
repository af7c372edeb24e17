"""Reference pages about steps, triggers, problems, expressions and errors, made from the registries (``apps.core.reference``)."""
