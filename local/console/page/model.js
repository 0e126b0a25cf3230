// What the feed tells, without a page: who is in which room, and what each record says.

const MOST_KNOWN = 5000

export class Model {
  open = new Set() // connections to this server
  rooms = new Map() // topic -> Map of connection -> { peer, isOpen }
  #known = new Map() // connection -> { peer, topics }, also of those who have left

  apply (record) {
    if (record.kind === 'snapshot') {
      this.rooms.clear()
      this.open = new Set(record.connections)
    }
    for (const change of record.changes ?? []) this.#change(change)
    if (record.kind === 'close') {
      this.open.delete(record.connection)
      for (const members of this.rooms.values()) {
        if (members.has(record.connection)) members.get(record.connection).isOpen = false
      }
    }
    if (record.event?.requestContext.eventType === 'CONNECT') this.open.add(record.connection)
  }

  #change ({ topic, connection, peer, is_in: isIn }) {
    const known = this.#know(connection)
    known.topics.add(topic)
    known.peer = peer ?? known.peer
    const members = this.rooms.get(topic) ?? new Map()
    if (isIn) members.set(connection, { peer, isOpen: this.open.has(connection) })
    else members.delete(connection)
    if (members.size > 0) this.rooms.set(topic, members)
    else this.rooms.delete(topic)
  }

  #know (connection) {
    const known = this.#known.get(connection) ?? { peer: null, topics: new Set() }
    this.#known.delete(connection) // the oldest is first
    this.#known.set(connection, known)
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value)
    return known
  }

  peerOf (connection) {
    return this.#known.get(connection)?.peer ?? null
  }

  topicsOf (connection) {
    return [...this.#known.get(connection)?.topics ?? []]
  }

  nameOf (connection) {
    return shortened(this.peerOf(connection) ?? connection)
  }
}

export function shortened (id) {
  const characters = Array.from(id)
  return characters.length > 9 ? `${characters.slice(0, 8).join('')}…` : id
}

const parsed = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const isText = (value) => typeof value === 'string'

// The kind of a message by its data: what a password hides is "encrypted".
function kindOf (message) {
  if (message?.type !== 'publish') return isText(message?.type) ? message.type : 'message'
  const { data } = message
  if (isText(data)) return 'encrypted'
  return isText(data?.type) ? data.type : 'publish'
}

function topicsOf (message) {
  if (isText(message?.topic)) return [message.topic]
  return Array.isArray(message?.topics) ? message.topics.filter(isText) : []
}

const TONES = { announce: 'announce', signal: 'signal' }
const tone = (kind) => TONES[kind] ?? 'other'

// Frames between members, for the picture.
export function travels (record) {
  return (record.frames ?? []).flatMap(({ from, frame, to }) => {
    const message = parsed(frame)
    if (!isText(message?.topic)) return []
    return Object.entries(to)
      .filter(([receiver]) => receiver !== from)
      .map(([receiver, fate]) => ({ topic: message.topic, tone: tone(kindOf(message)), from, to: receiver, fate }))
  })
}

const CLOSE_CODES = {
  1000: 'closed',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'binary frame',
  1005: 'no code',
  1006: 'lost without a close frame',
  1007: 'not UTF-8',
  1008: 'broke a rule',
  1009: 'too large'
}

// What one line of the list says.
export function describe (record, model) {
  const { kind, connection = '' } = record
  const line = { kind, connection, tone: 'other', topics: [], peers: [connection], words: '', milliseconds: record.milliseconds }
  if (kind === 'refusal') return { ...line, label: 'refused', tone: 'lost', words: `HTTP ${record.status} for ${record.origin || record.ip}` }
  if (kind === 'close') return { ...line, label: 'close', topics: model.topicsOf(connection), words: `${record.code}, ${CLOSE_CODES[record.code] ?? 'the app’s own code'}`, tone: record.code === 1000 || record.code === 1001 || record.code === 1005 ? 'other' : 'lost' }
  const context = record.event?.requestContext ?? { eventType: 'MESSAGE', routeKey: record.route }
  const message = parsed(record.event?.body ?? record.body ?? '')
  line.route = context.routeKey
  line.peers = [connection, ...(record.frames ?? []).flatMap(({ from, to }) => [from, ...Object.keys(to)])]
  if (context.eventType === 'MESSAGE') {
    line.label = kindOf(message)
    line.tone = tone(line.label)
    line.topics = topicsOf(message)
    if (isText(message?.data?.to)) line.to = message.data.to
    if (isText(message?.data?.from)) line.from = message.data.from
  } else {
    line.label = record.event.type === 'REQUEST' ? 'authorize' : { CONNECT: 'connect', DISCONNECT: 'disconnect' }[context.eventType] ?? ''
    line.topics = model.topicsOf(connection)
  }
  return { ...line, ...outcome(record, line.label, message) }
}

const DONE = {
  subscribe: ({ topics }) => topics.length > 0 ? 'joined' : 'named no room',
  unsubscribe: () => 'left',
  authorize: () => 'answered',
  disconnect: () => 'handled'
}
const NOBODY = () => 'nobody to tell'

function outcome (record, label, message) {
  const { failure, frames = [], status } = record
  if (failure) return { words: `the function failed: ${failure.trim().split('\n').at(-1)}`, tone: 'lost' }
  const told = frames.map(({ frame }) => parsed(frame)).find((frame) => frame?.type === 'error' || frame?.message)
  if (told) return { words: `error frame ${told.code ?? ''}: ${told.message}`.replace(' :', ':'), tone: 'lost' }
  if (label === 'connect') return status === 200 ? { words: 'admitted', tone: 'good' } : { words: `refused, HTTP ${status ?? 502}`, tone: 'lost' }
  if (record.kind === 'answer') return { words: 'no function ran' }
  const fates = frames.flatMap(({ to }) => Object.values(to))
  const counted = ['delivered', 'gone', 'failed'].map((fate) => [fates.filter((each) => each === fate).length, fate])
  const words = counted.filter(([count]) => count > 0).map((each) => each.join(' ')).join(', ')
  const isLost = fates.some((fate) => fate !== 'delivered')
  return { words: words || (DONE[label] ?? NOBODY)(message), ...(isLost && { tone: 'lost' }) }
}

// Filters look at what is there, not for patterns: every character counts as itself.
export function matches (line, { room, peer }, model) {
  const holds = (text, part) => text.toLowerCase().includes(part.toLowerCase())
  const isInRoom = !room || line.topics.some((topic) => holds(topic, room))
  const names = [line.from, line.to, ...line.peers.flatMap((each) => [each, model.peerOf(each)])]
  return isInRoom && (!peer || names.filter(Boolean).some((name) => holds(name, peer)))
}
