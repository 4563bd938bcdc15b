"""Who gets the output, in what signed package, and how does a stranger check it without us?"""
