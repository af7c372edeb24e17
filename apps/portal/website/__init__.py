"""The public site on the platform's own host: what the product is, what it costs, how it is used, how it is doing."""
