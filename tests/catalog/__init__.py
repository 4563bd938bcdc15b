"""Is every bad catalog refused with its place, and every good one mounted whole?"""
