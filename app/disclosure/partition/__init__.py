"""What follows from many releases together? Classes of rows that no released cell tells apart."""
