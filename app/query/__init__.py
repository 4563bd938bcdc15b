"""What does an operator's SQL do with which fields, and exactly what runs instead of it?"""
