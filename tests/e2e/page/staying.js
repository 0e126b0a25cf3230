// Connections that end, and those that a page has afterwards.

const POLL_MS = 20
const MS_TO_NOTICE = 300 // once both ends should have

const ending = new Map() // connections, by peer

/** Choose the connections to end; once an end does, the other end's page may soon have a new one. */
export function choose (room) {
  for (const [peer, connection] of room.webrtcConns) ending.set(peer, connection)
}

/** End those with those peers, each at its moment or, without one, when its other end does. */
export function lose (ends, { isError, silentUntil }) {
  for (const [peer, moment] of ends) {
    const connection = ending.get(peer)
    if (moment === null) continue
    if (silentUntil) silence(connection.peer, silentUntil + MS_TO_NOTICE - Date.now())
    setTimeout(() => connection.peer.destroy(isError ? new Error('lost') : undefined), moment - Date.now())
  }
}

/** Let the other end not notice for so long when this one ends. */
function silence ({ _pc: connection, _channel: channel }, milliseconds) {
  connection.close = () => {}
  channel.close = () => {}
  setTimeout(() => RTCPeerConnection.prototype.close.call(connection), milliseconds)
}

/** The connections in the table of y-webrtc. */
export function table (room) {
  return [...room?.webrtcConns ?? []].map(([id, connection]) => ({
    id,
    isOpen: connection.connected && connection.peer.connected && ending.get(id) !== connection
  }))
}

/** The seconds until `table` has an open connection with each of those peers, or null after too many. */
export function secondsUntilOpen (table, peers, most) {
  const isOpen = () => {
    const open = new Set(table().filter(({ isOpen }) => isOpen).map(({ id }) => id))
    return peers.every((peer) => open.has(peer))
  }
  return secondsUntil(isOpen, most)
}

export async function secondsUntil (condition, most) {
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  while (!condition()) {
    if (seconds() > most) return null
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return seconds()
}
