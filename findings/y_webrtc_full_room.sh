#!/usr/bin/env bash
# y-webrtc 10.3.0: who comes when all others are full stays alone, for good.
#
# A page makes no connection when it hears of a newcomer while it has `maxConns` already, by default
# 20 to 34, though it would accept an offer. A newcomer hears of nobody, so it makes no offers. One
# would expect that it is let in by somebody, or tries again. Here three pages that want two
# connections each know each other, over y-webrtc's own server, and a fourth comes. With the default
# it takes about 35 that come at one moment.
#
# Seen with y-webrtc 10.3.0, yjs 13.6.27, @roamhq/wrtc 0.9.1, ws 8.18.3 and Node 20.20.2:
#
#     the first three: 2 connections each
#     the fourth, after 10 s: 0 connections, and its own line alone
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit y-webrtc@10.3.0 yjs@13.6.27 @roamhq/wrtc@0.9.1 ws@8.18.3
cat >page.mjs <<'EOF'
import wrtc from '@roamhq/wrtc'
import WebSocket from 'ws'
import * as Y from 'yjs'
globalThis.WebSocket = WebSocket
const { WebrtcProvider } = await import('y-webrtc')

const doc = new Y.Doc()
const provider = new WebrtcProvider('room', doc, {
  signaling: [process.env.SERVER],
  maxConns: 2,
  peerOpts: { wrtc, config: { iceServers: [] } }
})
doc.getArray('lines').push([process.pid])
process.on('message', () => {
  const open = [...provider.room.webrtcConns.values()].filter(({ connected }) => connected)
  process.send({ open: open.length, lines: doc.getArray('lines').length })
})
EOF
cat >pages.mjs <<'EOF'
import { fork } from 'node:child_process'
import { once } from 'node:events'

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
const ask = async (page) => {
  page.send('?')
  return (await once(page, 'message'))[0]
}
const pages = [1, 2, 3].map(() => fork('page.mjs'))
let states = []
for (let tries = 0; tries < 60 && !(states.length && states.every(({ open }) => open === 2)); tries++) {
  await pause(0.5)
  states = await Promise.all(pages.map(ask))
}
const all = states.map(({ open }) => open)
console.log(`the first three: ${new Set(all).size === 1 ? `${all[0]} connections each` : all}`)
const late = fork('page.mjs')
await pause(10)
const { open, lines } = await ask(late)
console.log(`the fourth, after 10 s: ${open} connections, and ${lines === 1 ? 'its own line alone' : `${lines} lines`}`)
for (const page of [...pages, late]) page.kill()
process.exit()
EOF
port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close() })")
PORT=$port node node_modules/y-webrtc/bin/server.js >/dev/null &
export SERVER=ws://127.0.0.1:$port
node -e "const t = () => require('net').connect($port, '127.0.0.1').on('connect', () => process.exit()).on('error', () => setTimeout(t, 50)); t()"
node pages.mjs | tee seen
cat >expected <<'EOF'
the first three: 2 connections each
the fourth, after 10 s: 0 connections, and its own line alone
EOF
diff expected seen
