// A text that several browsers share: Yjs holds it, y-webrtc carries it, CodeMirror edits it.

import { defaultKeymap } from '@codemirror/commands'
import { EditorState } from '@codemirror/state'
import { EditorView, keymap, placeholder } from '@codemirror/view'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import { WebrtcProvider } from 'y-webrtc'
import * as Y from 'yjs'

const NAMES = ['Badger', 'Crane', 'Dolphin', 'Fox', 'Heron', 'Lynx', 'Marten', 'Otter', 'Raven', 'Wren']

const ROOM_OF_ALL = 'demo' // of all who open the page by its plain address

const find = (id) => document.getElementById(id)
const random = (below) => Math.floor(Math.random() * below)
const colour = `52% 0.14 ${random(360)}` // one lightness, so that white is legible on every hue
const user = {
  name: NAMES[random(NAMES.length)],
  color: `oklch(${colour})`,
  colorLight: `oklch(${colour} / 22%)`
}

const view = new EditorView({ parent: find('editor') })
const form = find('room')

const watched = new WeakSet()

let provider = null
let text = null
let lastJoin

// What the address says: #room=name&password=secret&signaling=wss://...&stun=stun:host:port

const fragment = () => new URLSearchParams(location.hash.slice(1))

function randomRoom () {
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}

function signalingUrls (parameters) {
  const own = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`
  const urls = parameters.getAll('signaling')
  return urls.length > 0 ? urls : [own]
}

function obstacle (password, urls) {
  const wrong = urls.find((url) => !URL.canParse(url) || !/^wss?:/.test(url))
  if (wrong !== undefined) return `“${wrong}” is not the address of a signaling server.`
  if (!password || window.isSecureContext) return ''
  return 'Browsers can use a password only on pages from https or from localhost.'
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
    parameters.set('room', ROOM_OF_ALL)
    history.replaceState(null, '', `#${parameters}`)
  }
  const room = parameters.get('room')
  const password = parameters.get('password')
  const signaling = signalingUrls(parameters)
  form.elements.room.value = room
  form.elements.password.value = password
  notice(obstacle(password, signaling))

  const doc = new Y.Doc()
  text = doc.getText('demo')
  view.setState(EditorState.create({ extensions: EditorView.editable.of(false) }))
  if (obstacle(password, signaling)) return
  provider = new WebrtcProvider(room, doc, {
    signaling,
    password,
    peerOpts: { config: { iceServers: parameters.getAll('stun').map((urls) => ({ urls })) } }
  })
  provider.awareness.setLocalStateField('user', user)
  provider.awareness.on('change', showPeers)
  provider.on('peers', watchConnections)
  for (const socket of provider.signalingConns) {
    socket.on('connect', showConnections)
    socket.on('disconnect', showConnections)
  }
  view.setState(editorState(text, provider.awareness))
  showConnections()
  showPeers()
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

// y-webrtc tells of a peer before it is connected.
function watchConnections () {
  for (const connection of provider.room.webrtcConns.values()) {
    if (watched.has(connection)) continue
    watched.add(connection)
    connection.peer.on('connect', showConnections)
    connection.peer.on('close', showConnections)
  }
  showConnections()
}

// What the page shows

function connections () {
  const all = [...provider?.room?.webrtcConns.values() ?? []]
  return all.filter(({ connected }) => connected)
}

function signalingState () {
  const sockets = provider?.signalingConns ?? []
  if (sockets.some(({ connected }) => connected)) return 'connected'
  const failed = sockets.every(({ unsuccessfulReconnects }) => unsuccessfulReconnects > 0)
  return failed || !navigator.onLine ? 'offline' : 'connecting'
}

function peers () {
  const others = [...provider?.awareness.getStates() ?? []].filter(([id]) => id !== provider.doc.clientID)
  return others.map(([, { user }]) => ({ name: user?.name ?? 'Somebody', color: user?.color ?? 'gray' }))
}

function showConnections () {
  const [open, state] = [connections().length, signalingState()]
  const windows = provider?.room?.bcConns.size ?? 0
  show('signaling', state, state === 'offline' && provider ? 'offline, retrying' : state)
  show('webrtc', open === 0 ? 'offline' : 'connected', [
    open > 0 && `${open} connected`,
    windows > 0 && `${windows} in this one`
  ].filter(Boolean).join(', ') || 'none yet')
}

function showPeers () {
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

find('new').addEventListener('click', () => {
  const parameters = fragment()
  parameters.set('room', randomRoom())
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

window.addEventListener('hashchange', () => { lastJoin = lastJoin.then(join) })
setInterval(showConnections, 1000) // a failed attempt to reach the server has no event
document.documentElement.style.setProperty('--mine', user.color)
lastJoin = join()

// For tests and for the curious, in the browser's console.
window.demo = {
  view,
  get provider () { return provider },
  get text () { return text.toString() },
  get peers () { return peers() },
  get connections () { return connections().length },
  get signaling () { return signalingState() }
}
