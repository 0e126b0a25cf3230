// A text that several browsers share: Yjs holds it, y-webrtc carries it, CodeMirror edits it.

import { defaultKeymap } from '@codemirror/commands'
import { EditorState } from '@codemirror/state'
import { EditorView, keymap, placeholder } from '@codemirror/view'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import { WebrtcProvider } from 'y-webrtc'
import * as Y from 'yjs'

const COLOURS = ['#c0392b', '#9a5b00', '#3d7a1f', '#00796b', '#1f6fb8', '#5b57c9', '#983db0', '#b8326f']
const NAMES = ['Badger', 'Crane', 'Dolphin', 'Fox', 'Heron', 'Lynx', 'Marten', 'Otter', 'Raven', 'Wren']
const SYNC_STEP_2 = [0, 1] // first bytes of the message in which a peer sends all of its text

const find = (id) => document.getElementById(id)
const pick = (list) => list[Math.floor(Math.random() * list.length)]
const colour = pick(COLOURS)
const user = { name: pick(NAMES), color: colour, colorLight: `${colour}33` }

const view = new EditorView({ parent: find('editor') })
const form = find('room')

let provider = null
let text = null
let knownConnections = new WeakSet()
let syncedConnections = new WeakSet()
let lastJoin = Promise.resolve()

// What the address says: #room=name&password=secret&signaling=wss://...&stun=stun:host:port

const fragment = () => new URLSearchParams(location.hash.slice(1))

function randomRoom () {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}

function ownServer () {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`
}

// Joining and leaving

async function leave () {
  if (provider === null) return
  const left = provider
  provider = null
  left.disconnect() // before destroy(), which alone would leave the socket open
  left.doc.destroy()
  await left.key // y-webrtc forgets the room only then
}

async function join () {
  await leave()
  const parameters = fragment()
  if (!parameters.get('room')) {
    parameters.set('room', randomRoom())
    history.replaceState(null, '', `#${parameters}`)
  }
  const room = parameters.get('room')
  const password = parameters.get('password')
  const signaling = parameters.getAll('signaling')
  form.elements.room.value = room
  form.elements.password.value = password
  notice('')

  const document = new Y.Doc()
  text = document.getText('demo')
  knownConnections = new WeakSet()
  syncedConnections = new WeakSet()
  try {
    provider = new WebrtcProvider(room, document, {
      signaling: signaling.length > 0 ? signaling : [ownServer()],
      password,
      peerOpts: { config: { iceServers: parameters.getAll('stun').map((urls) => ({ urls })) } }
    })
  } catch (error) {
    notice(password && !window.isSecureContext
      ? 'Browsers offer the cryptography for a password only over https or on localhost.'
      : `Cannot join: ${error.message}`)
    view.setState(EditorState.create({ extensions: EditorState.readOnly.of(true) }))
    render()
    return
  }
  provider.awareness.setLocalStateField('user', user)
  provider.awareness.on('change', render)
  provider.on('peers', watchConnections)
  for (const socket of provider.signalingConns) {
    socket.on('connect', render)
    socket.on('disconnect', render)
  }
  view.setState(editorState(text, provider.awareness))
  render()
}

function rejoin () {
  lastJoin = lastJoin.then(join)
}

function editorState (shared, awareness) {
  return EditorState.create({
    doc: shared.toString(),
    extensions: [
      keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
      yCollab(shared, awareness),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Shared text' }),
      placeholder('Type here…')
    ]
  })
}

// y-webrtc announces a peer before it is connected, and its own `synced` misses those who come later.
function watchConnections () {
  for (const connection of provider.room.webrtcConns.values()) {
    if (knownConnections.has(connection)) continue
    knownConnections.add(connection)
    connection.peer.on('connect', render)
    connection.peer.on('close', render)
    connection.peer.on('data', (data) => {
      if (SYNC_STEP_2.every((byte, at) => data[at] === byte)) {
        syncedConnections.add(connection)
        render()
      }
    })
  }
  render()
}

// What the page shows

const connections = () => [...provider?.room?.webrtcConns.values() ?? []].filter(({ connected }) => connected)

function signalingState () {
  const sockets = provider?.signalingConns ?? []
  if (sockets.some(({ connected }) => connected)) return 'connected'
  const failed = sockets.every(({ unsuccessfulReconnects }) => unsuccessfulReconnects > 0)
  return failed || !navigator.onLine ? 'offline' : 'connecting'
}

function peers () {
  const states = [...provider?.awareness.getStates() ?? []]
  return states
    .filter(([id]) => id !== provider.doc.clientID)
    .map(([, state]) => ({ name: String(state.user?.name ?? 'Somebody'), color: String(state.user?.color) }))
}

function render () {
  const open = connections()
  const synced = open.filter((connection) => syncedConnections.has(connection)).length
  const windows = provider?.room?.bcConns.size ?? 0
  const webrtc = [
    open.length > 0 && `${open.length} connected, ${synced === open.length ? 'in sync' : `${synced} in sync`}`,
    windows > 0 && `${windows} ${windows === 1 ? 'window' : 'windows'} of this one`
  ].filter(Boolean)
  const signaling = signalingState()
  show('signaling', signaling, signaling === 'offline' ? 'offline, trying again' : signaling)
  show('webrtc', open.length === 0 ? 'offline' : synced < open.length ? 'connecting' : 'connected',
    webrtc.join(' + ') || 'none yet')
  find('peers').replaceChildren(...peers().map(({ name, color }) => {
    const dot = Object.assign(document.createElement('span'), { className: 'dot' })
    dot.style.background = color
    const item = document.createElement('li')
    item.append(dot, name)
    return item
  }))
}

function show (id, state, words) {
  const element = find(id)
  element.dataset.state = state
  if (element.textContent !== words) element.textContent = words
}

function notice (words) {
  find('notice').textContent = words
  find('notice').hidden = words === ''
}

// What the user does

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const parameters = fragment()
  parameters.set('room', form.elements.room.value)
  parameters.set('password', form.elements.password.value)
  if (!form.elements.password.value) parameters.delete('password')
  location.hash = parameters
})

find('copy').addEventListener('click', async ({ target }) => {
  try {
    await navigator.clipboard.writeText(location.href)
    target.textContent = 'Copied'
  } catch {
    target.textContent = 'Copy it from the address bar'
  }
  setTimeout(() => { target.textContent = 'Copy link' }, 2000)
})

find('name').value = user.name
find('name').addEventListener('input', ({ target }) => {
  user.name = target.value.trim() || 'Somebody'
  provider?.awareness.setLocalStateField('user', { ...user })
})

window.addEventListener('unhandledrejection', (event) => {
  if (event.reason?.name !== 'OperationError') return
  event.preventDefault()
  notice('Somebody in this room uses another password, so you cannot meet.')
})

window.addEventListener('hashchange', rejoin)
window.addEventListener('online', render)
window.addEventListener('offline', render)
setInterval(render, 1000) // a failed attempt to reach the server has no event
document.documentElement.style.setProperty('--mine', user.color)
rejoin()

// For tests and for the curious, in the browser's console.
window.demo = {
  view,
  get provider () { return provider },
  get text () { return text.toString() },
  get peers () { return peers() },
  get connections () { return connections().length },
  get synced () { return connections().filter((connection) => syncedConnections.has(connection)).length },
  get signaling () { return signalingState() }
}
