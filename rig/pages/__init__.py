"""Pages with y-webrtc in Chromium, and what happens to them."""
