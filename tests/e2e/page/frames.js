// What a page says to its signaling servers and hears from them, and what it says to no one.

const SHOWN = 8 // characters of a peer id

/** Each as [milliseconds on the clock, way, words]. */
export const frames = []

/** Signals that came more than once, in words: y-webrtc says each once. */
export const twice = []

const watched = new Set()
const heard = new Set() // signals, as JSON

window.WebSocket = class extends WebSocket {
  constructor (...options) {
    super(...options)
    note('opening')
    this.addEventListener('open', () => note('opened'))
    this.addEventListener('close', () => note('closed'))
    this.addEventListener('message', ({ data }) => hear(JSON.parse(data)))
  }
}

/** Take down what goes through y-webrtc's signaling connections, those without a socket, too. */
export function watch (connections) {
  for (const connection of connections) {
    if (watched.has(connection)) continue
    watched.add(connection)
    const send = connection.send
    connection.send = (message) => {
      note(connection.ws?.readyState === WebSocket.OPEN ? 'said' : 'lost', message)
      send.call(connection, message)
    }
  }
}

/** Cut the sockets as they are, so that y-webrtc connects again by itself. */
export function cut (connections) {
  note('cut')
  for (const { ws } of connections) ws?.close()
}

function hear (message) {
  note('heard', message)
  if (message.data?.type !== 'signal') return
  const signal = JSON.stringify(message.data)
  if (heard.has(signal)) twice.push(wordsOf(message))
  heard.add(signal)
}

function note (way, message = {}) {
  frames.push([performance.timeOrigin + performance.now(), way, wordsOf(message)])
}

function wordsOf ({ type, topics, data }) {
  if (type !== 'publish') return [type, topics && `${topics.length} rooms`].filter(Boolean).join(' ')
  if (typeof data === 'string') return data.length > 132 ? `secret ${data.length}` : 'secret announce'
  const { type: kind, from, to, signal } = data
  if (kind === 'announce') return `announce of ${from.slice(0, SHOWN)}`
  return `${kindOf(signal)} of ${from.slice(0, SHOWN)} for ${to.slice(0, SHOWN)}`
}

function kindOf ({ type, candidate }) {
  return type ?? (candidate ? 'candidate' : 'hang-up')
}
