"""Template packages carried out from their gallery page to the far side of every local server."""
