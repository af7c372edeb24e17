"""Catalogued actions of connectors, in the five moves the engine makes."""
