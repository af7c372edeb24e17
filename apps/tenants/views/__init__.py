"""Pages of tenancy: on the platform's host and on a tenant's host."""
