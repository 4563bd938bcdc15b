"""What an enterprise's own programs ask of Sluice: REST, version 1.

Thin: it calls the doors that pages and commands call.
"""
