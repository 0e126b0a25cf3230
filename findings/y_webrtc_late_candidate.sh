#!/usr/bin/env bash
# y-webrtc 10.3.0: a candidate of a peer that has no connection makes one that can never open.
#
# An ICE candidate may arrive after the connection that it belongs to was destroyed, for example
# because the peer hung up while its candidates were on their way. One would expect that it is
# dropped. y-webrtc makes a connection for it that waits for an offer, and keeps it in its table for
# as long as the page is open. From then on it ignores the peer's announces, so the two never meet.
#
# Seen with y-webrtc 10.3.0, yjs 13.6.27, @roamhq/wrtc 0.9.1, ws 8.18.3 and Node 20.20.2:
#
#     before: no entry; an announce is answered by an offer
#     after a candidate: an entry that is not connected; an announce is answered by nothing
#     10 s later: an entry that is not connected
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit y-webrtc@10.3.0 yjs@13.6.27 @roamhq/wrtc@0.9.1 ws@8.18.3
cat >page.mjs <<'EOF'
import wrtc from '@roamhq/wrtc'
import WebSocket, { WebSocketServer } from 'ws'
import * as Y from 'yjs'
globalThis.WebSocket = WebSocket
const { WebrtcProvider } = await import('y-webrtc')

// A signaling server for one page, which also speaks for the peers.
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
await new Promise((resolve) => server.on('listening', resolve))
const said = []
let page
const joined = new Promise((resolve) => server.on('connection', (socket) => {
  page = socket
  socket.on('message', (text) => {
    const message = JSON.parse(text)
    said.push(message)
    if (message.type === 'subscribe') resolve()
  })
}))
const provider = new WebrtcProvider('room', new Y.Doc(), {
  signaling: [`ws://127.0.0.1:${server.address().port}`],
  peerOpts: { wrtc, config: { iceServers: [] } }
})
await joined

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
const publish = (data) => page.send(JSON.stringify({ type: 'publish', topic: 'room', data }))
const entryOf = (peer) => {
  const entry = provider.room.webrtcConns.get(peer)
  return entry ? `an entry that is ${entry.connected ? '' : 'not '}connected` : 'no entry'
}
const answerTo = async (peer) => {
  publish({ type: 'announce', from: peer })
  await pause(1)
  const offered = said.some(({ data }) => data?.to === peer && data.signal?.type === 'offer')
  return `an announce is answered by ${offered ? 'an offer' : 'nothing'}`
}

console.log(`before: ${entryOf('one')}; ${await answerTo('one')}`)
const candidate = { candidate: 'candidate:1 1 UDP 2122252543 127.0.0.1 50000 typ host', sdpMLineIndex: 0, sdpMid: '0' }
publish({ type: 'signal', from: 'another', to: provider.room.peerId, signal: { type: 'candidate', candidate } })
await pause(0.5)
console.log(`after a candidate: ${entryOf('another')}; ${await answerTo('another')}`)
await pause(10)
console.log(`10 s later: ${entryOf('another')}`)
process.exit()
EOF
node page.mjs | tee seen
cat >expected <<'EOF'
before: no entry; an announce is answered by an offer
after a candidate: an entry that is not connected; an announce is answered by nothing
10 s later: an entry that is not connected
EOF
diff expected seen
