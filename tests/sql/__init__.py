"""Are queries governed as they should be: nothing gets out, and what may leave is right?"""
