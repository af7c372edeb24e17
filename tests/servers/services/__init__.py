"""Local stand-ins for outside services: they speak the documented protocol, keep state and misbehave on command."""
