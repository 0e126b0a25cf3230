"""What a connection may do: the origins it may come from, the topics it may use."""
