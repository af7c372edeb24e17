"""Tenant schemas as database objects: template, pool, creation, removal."""
