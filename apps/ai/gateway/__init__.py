"""The way of a model call: route, reserve, send, settle."""
