"""The authorizer's part: which tokens are valid, and the keys that check them."""
