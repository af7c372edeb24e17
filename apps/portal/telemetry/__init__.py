"""What browsers report: errors, refused content, how fast pages felt. No personal data."""
