"""What the authorizer needs: which tokens are good, and the keys that check them."""
