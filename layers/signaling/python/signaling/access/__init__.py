"""What a connection may do: allowed origins and granted topics."""
