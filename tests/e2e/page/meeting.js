// A page that meets others: it makes its provider at a given clock time and tells how far it got.

import { WebrtcProvider } from 'y-webrtc'
import * as Y from 'yjs'

import { cut, frames, twice, watch } from './frames.js'
import { choose, lose, secondsUntil, secondsUntilOpen, table } from './staying.js'

const POLL_MS = 20

const doc = new Y.Doc()
const text = doc.getText('lines')

let made = 0
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor (...options) {
    super(...options)
    made++
  }
}

let plan = null
let provider = null
let lateMs = null
const openedMs = {} // after the clock time, by server

function begin (given) {
  plan = given
  setTimeout(meet, plan.at - Date.now())
}

function meet () {
  lateMs = Date.now() - plan.at
  write(plan.line)
  if (plan.strict) leave(enter())
  if (plan.beside) enter(plan.beside, new Y.Doc())
  provider = enter()
}

function enter (room = plan.room, entering = doc) {
  const entered = new WebrtcProvider(room, entering, {
    signaling: plan.signaling,
    password: plan.password,
    ...(plan.most ? { maxConns: plan.most } : {}),
    peerOpts: { config: { iceServers: [] } }
  })
  watch(entered.signalingConns)
  for (const server of entered.signalingConns) {
    server.on('connect', () => { openedMs[server.url] = Date.now() - plan.at })
  }
  return entered
}

function leave (provider) {
  provider.disconnect() // before destroy(), which alone would leave the socket open
  provider.destroy()
}

function cutAt (moment) {
  setTimeout(() => cut(provider.signalingConns), moment - Date.now())
}

function reloadAt (moment) {
  setTimeout(() => location.reload(), moment - Date.now())
}

function connections () {
  return [...provider?.room?.webrtcConns ?? []]
}

function reached () {
  const all = connections()
  const open = all.filter(([, { connected, peer }]) => connected && peer.connected)
  return {
    connected: open.map(([id]) => id),
    lines: text.toString().split('\n').filter(Boolean),
    // The flag alone does not show a dead connection that came later.
    synced: provider?.room?.synced === true && open.length === all.length
  }
}

function state () {
  return {
    ...reached(),
    peer: provider?.room?.peerId,
    addresses: connections().flatMap(([, { peer }]) => hostAddresses(peer)),
    made,
    lateMs,
    twice: twice.length,
    openedMs: plan.signaling.map((url) => openedMs[url] ?? null)
  }
}

// Not for polling: the browser writes a whole description each time.
function hostAddresses (peer) {
  const description = peer._pc?.localDescription?.sdp ?? ''
  return Array.from(description.matchAll(/^a=candidate:(?:\S+ ){4}(\S+) \d+ typ host/gm), ([, address]) => address)
}

function isWhole () {
  const { connected, lines, synced } = reached()
  const isMet = plan.mesh ? connected.length === plan.pages - 1 : connected.length > 0
  return isMet && lines.length === plan.pages && synced
}

// The seconds from the clock time until everybody was here, or null after too many.
async function secondsToMeet (most) {
  const seconds = () => (Date.now() - plan.at) / 1000
  while (!isWhole()) {
    if (seconds() > most) return null
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return seconds()
}

function write (line) {
  text.insert(0, `${line}\n`)
}

function secondsToRead (lines, most) {
  const hasAll = () => {
    const had = new Set(reached().lines)
    return lines.every((line) => had.has(line))
  }
  return secondsUntil(hasAll, most)
}

function currentTable () {
  return table(provider?.room)
}

window.meeting = {
  begin,
  cutAt,
  reloadAt,
  secondsToMeet,
  state,
  frames,
  twice,
  write,
  secondsToRead,
  destroy: () => provider.destroy(),
  choose: () => choose(provider.room),
  lose,
  peer: () => provider?.room?.peerId ?? null,
  table: currentTable,
  secondsUntilOpen: (peers, most) => secondsUntilOpen(currentTable, peers, most)
}
