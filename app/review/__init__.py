"""Do independent people agree that an output may leave? (Review stage.)"""
