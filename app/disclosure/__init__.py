"""Is an output safe to leave, alone and with all that left before?"""
