"""Sign-in through OpenID Connect (OpenID Connect Core 1.0): Google and any other provider, one code path for all."""
