"""The pure heart of workflows: definitions, references, conditions and the state machine. No Django, no I/O, no clock."""
