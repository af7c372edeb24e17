"""Step types that come with the product."""
