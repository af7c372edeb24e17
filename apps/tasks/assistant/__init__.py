"""The assistant: answers questions about the caller's own workspace from what its read-only tools find, and nothing else.

A question goes to tools; tools run as the caller, with the caller's permissions; what they find is put into words, by a model
that is able to or by the tools' own sentences, and every figure in the words must stand in what was found.
"""
