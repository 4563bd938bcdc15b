"""Does the proof of every cell say what happens when a unit is taken away? Leave one unit out, and look."""
