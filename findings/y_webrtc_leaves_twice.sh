#!/usr/bin/env bash
# y-webrtc 10.3.0: a page that leaves a room enters it again, and stays in it for the server.
#
# `provider.destroy()` and `provider.disconnect()` say `unsubscribe` and then close the connections
# to the others. One would expect no more of this page. But each connection that closes makes it
# subscribe and announce itself again, for as long as its WebSocket is open. So the room still has
# it as a member, and the others hear of it and make offers that nobody answers. Here two pages are
# connected over a server that only passes messages on, and one of them leaves.
#
# Seen with y-webrtc 10.3.0, yjs 13.6.27, @roamhq/wrtc 0.9.1, ws 8.18.3 and Node 20.20.2:
#
#     what the one that leaves says: unsubscribe, subscribe, announce
#     what the other one does: makes an offer
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit y-webrtc@10.3.0 yjs@13.6.27 @roamhq/wrtc@0.9.1 ws@8.18.3
cat >page.mjs <<'EOF'
import wrtc from '@roamhq/wrtc'
import WebSocket from 'ws'
import * as Y from 'yjs'
globalThis.WebSocket = WebSocket
const { WebrtcProvider } = await import('y-webrtc')

const provider = new WebrtcProvider('room', new Y.Doc(), {
  signaling: [process.env.SERVER],
  peerOpts: { wrtc, config: { iceServers: [] } }
})
provider.on('peers', ({ webrtcPeers }) => process.send(webrtcPeers.length))
process.on('message', () => provider.destroy())
EOF
cat >pages.mjs <<'EOF'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { WebSocketServer } from 'ws'

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
const kindOf = ({ type, data }) => (type === 'publish' ? data.signal?.type ?? data.type : type)
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
await once(server, 'listening')
const said = new Map()
server.on('connection', (socket) => {
  said.set(socket, [])
  socket.on('message', (text) => {
    const message = JSON.parse(text)
    said.get(socket).push(kindOf(message))
    if (message.type !== 'publish') return
    for (const other of server.clients) if (other !== socket) other.send(`${text}`)
  })
})
process.env.SERVER = `ws://127.0.0.1:${server.address().port}`
const enter = async () => {
  const connected = once(server, 'connection')
  const page = fork('page.mjs')
  const [socket] = await connected
  await pause(1)
  return { page, socket }
}
const leaver = await enter()
const stayer = await enter()
await pause(5)
const both = [leaver, stayer].map(({ socket }) => said.get(socket))
both.forEach((each) => each.splice(0))
leaver.page.send('leave')
await pause(3)
const [left, stayed] = both
console.log(`what the one that leaves says: ${[...new Set(left)].slice(0, 3).join(', ')}`)
console.log(`what the other one does: ${stayed.includes('offer') ? 'makes an offer' : 'makes no offer'}`)
for (const { page } of [leaver, stayer]) page.kill()
process.exit()
EOF
node pages.mjs | tee seen
cat >expected <<'EOF'
what the one that leaves says: unsubscribe, subscribe, announce
what the other one does: makes an offer
EOF
diff expected seen
