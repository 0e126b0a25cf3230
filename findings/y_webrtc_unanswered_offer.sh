#!/usr/bin/env bash
# y-webrtc 10.3.0: an offer that is never answered takes a place for good, and silences its peer.
#
# A page that hears of a peer makes an offer. If the peer goes before it answers, one would expect
# that the attempt ends after some time, as ICE does when a peer goes later, or at least that the
# peer is offered a connection when it announces itself again. Neither happens: simple-peer waits
# for the answer without a limit, and y-webrtc makes no second offer while the first one waits.
# Here the peer is a plain WebSocket client of y-webrtc's own server, which answers nothing.
#
# Seen with y-webrtc 10.3.0, yjs 13.6.27, @roamhq/wrtc 0.9.1, ws 8.18.3 and Node 20.20.2:
#
#     after its first announce: 1 offer
#     after 45 s and two more: 1 offer, and 1 entry that is not connected
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit y-webrtc@10.3.0 yjs@13.6.27 @roamhq/wrtc@0.9.1 ws@8.18.3
cat >pages.mjs <<'EOF'
import wrtc from '@roamhq/wrtc'
import WebSocket from 'ws'
import * as Y from 'yjs'
globalThis.WebSocket = WebSocket
const { WebrtcProvider } = await import('y-webrtc')

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
const offers = (number) => `${number} offer${number === 1 ? '' : 's'}`
const provider = new WebrtcProvider('room', new Y.Doc(), {
  signaling: [process.env.SERVER],
  peerOpts: { wrtc, config: { iceServers: [] } }
})
await pause(1)

const from = 'a peer that never answers'
const peer = new WebSocket(process.env.SERVER)
const say = (message) => peer.send(JSON.stringify(message))
const announce = () => say({ type: 'publish', topic: 'room', data: { type: 'announce', from } })
let made = 0
peer.on('message', (text) => {
  const { data } = JSON.parse(text)
  if (data?.to === from && data.signal?.type === 'offer') made++
})
peer.on('open', () => {
  say({ type: 'subscribe', topics: ['room'] })
  announce()
})
await pause(2)
console.log(`after its first announce: ${offers(made)}`)
await pause(20)
announce()
await pause(25)
announce()
await pause(2)
const waiting = [...provider.room.webrtcConns.values()].filter(({ connected }) => !connected)
console.log(`after 45 s and two more: ${offers(made)}, and ${waiting.length} entry that is not connected`)
process.exit()
EOF
port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close() })")
PORT=$port node node_modules/y-webrtc/bin/server.js >/dev/null &
export SERVER=ws://127.0.0.1:$port
node -e "const t = () => require('net').connect($port, '127.0.0.1').on('connect', () => process.exit()).on('error', () => setTimeout(t, 50)); t()"
node pages.mjs | tee seen
cat >expected <<'EOF'
after its first announce: 1 offer
after 45 s and two more: 1 offer, and 1 entry that is not connected
EOF
diff expected seen
