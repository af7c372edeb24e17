"""Migrations over many tenants: a graph of the tenant plane alone, SQL collected once, applied in parallel."""
