"""Who gets the output, in what signed package, and can a stranger check it without us? (Release stage.)"""
