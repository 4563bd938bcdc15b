"""Do independent people agree that an output may leave: claims, votes, rules, and the approval they come to."""
