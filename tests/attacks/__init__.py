"""Does an operator who asks adaptively, for a day, learn the secret of a person?"""
