// Rooms as pictures: members on a ring, and what travels between them.

import { shortened } from './model.js'

const SVG = 'http://www.w3.org/2000/svg'
const [WIDTH, HEIGHT] = [320, 200]
const MOST_ROOMS = 12
const MOST_MEMBERS = 24
const MOST_TRAVELS = 60
const MILLISECONDS_TO_TRAVEL = 900
const MILLISECONDS_BETWEEN_TRAVELS = 45 // so that what comes at once is seen to be many
const MILLISECONDS_TO_LAG = 1200
const MILLISECONDS_TO_LEAVE = 1600
const MILLISECONDS_TO_STAY = 10_000

const calm = matchMedia('(prefers-reduced-motion: reduce)')

function draw (name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

function build (name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...children)
  return element
}

const MOST_HUES = 5000
const GOLDEN_ANGLE = 137.5 // each hue is far from those just before it
const hues = new Map()

function hue (id) {
  if (hues.size > MOST_HUES) hues.clear()
  if (!hues.has(id)) hues.set(id, (255 + hues.size * GOLDEN_ANGLE) % 360)
  return hues.get(id)
}

class Room {
  #members = new Map() // connection -> { node, text, x, y }
  #departs = 0
  #met = new Map() // "a b" -> { line, ways }
  #lines = draw('g')
  #dots = draw('g')
  #nodes = draw('g')
  #names = build('ul', { className: 'members' })
  #count = build('span', { className: 'count' })

  constructor (topic, choose) {
    this.topic = topic
    this.changed = performance.now()
    this.choose = choose
    const title = build('button', { type: 'button', className: 'title', title: topic, onclick: () => choose('room', topic) }, topic || '(empty name)')
    const svg = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' }, this.#lines, this.#dots, this.#nodes)
    this.element = build('article', { className: 'room' }, build('header', {}, title, this.#count), svg, this.#names)
    this.element.setAttribute('aria-label', `Room ${topic}`)
  }

  update (members) {
    for (const [connection, member] of this.#members) {
      if (!members.has(connection) && !member.leaves) this.#let(connection, member)
    }
    const shown = [...members].slice(0, MOST_MEMBERS)
    for (const [connection, { peer, isOpen }] of shown) this.#show(connection, peer, isOpen)
    this.#arrange()
    this.#count.textContent = `${members.size} here`
    this.#names.replaceChildren(...shown.map(([connection, { peer, isOpen }]) => this.#name(connection, peer, isOpen)))
    if (members.size > shown.length) this.#names.append(build('li', {}, `and ${members.size - shown.length} more`))
  }

  get isEmpty () {
    return this.#members.size === 0
  }

  #show (connection, peer, isOpen) {
    let member = this.#members.get(connection)
    if (member?.leaves) {
      clearTimeout(member.leaves)
      member.leaves = null
    }
    if (!member) {
      const text = draw('text')
      member = { node: draw('g', { class: 'member' }, draw('circle', { class: 'halo', r: 17 }), draw('circle', { class: 'disc', r: 17 }), text), text }
      this.#members.set(connection, member)
      this.#nodes.append(member.node)
      this.changed = performance.now()
    }
    const id = peer ?? connection
    member.node.dataset.state = !isOpen ? 'closed' : peer === null ? 'silent' : 'here'
    member.node.style.setProperty('--hue', hue(id))
    member.text.textContent = shortened(id)
  }

  // It stays in the picture for a moment, so that one sees who has gone.
  #let (connection, member) {
    member.node.dataset.state = 'left'
    this.changed = performance.now()
    member.leaves = setTimeout(() => {
      member.node.remove()
      this.#members.delete(connection)
      for (const [pair, { line }] of this.#met) {
        if (pair.split(' ').includes(connection)) {
          line.remove()
          this.#met.delete(pair)
        }
      }
      this.#arrange()
      if (this.isEmpty) this.element.dispatchEvent(new Event('emptied'))
    }, MILLISECONDS_TO_LEAVE)
  }

  #arrange () {
    const all = [...this.#members.values()]
    all.forEach((member, index) => {
      const angle = (index / all.length) * 2 * Math.PI - (all.length === 2 ? Math.PI : Math.PI / 2)
      const radius = all.length > 1 ? 1 : 0
      member.x = WIDTH / 2 + Math.cos(angle) * radius * 112
      member.y = HEIGHT / 2 + (all.length === 3 ? 14 : 0) + Math.sin(angle) * radius * 62
      member.text.setAttribute('y', member.y < HEIGHT / 2 - 10 ? -25 : 34)
      member.node.style.transform = `translate(${member.x}px, ${member.y}px)`
    })
    for (const [pair, { line }] of this.#met) this.#place(line, ...pair.split(' ').map((each) => this.#members.get(each)))
  }

  #place (line, from, to) {
    if (!from || !to) return
    for (const [key, value] of Object.entries({ x1: from.x, y1: from.y, x2: to.x, y2: to.y })) line.setAttribute(key, value)
  }

  #name (connection, peer, isOpen) {
    const words = shortened(peer ?? connection)
    const button = build('button', { type: 'button', title: peer ?? connection, onclick: () => this.choose('peer', peer ?? connection) }, words)
    button.style.setProperty('--hue', hue(peer ?? connection))
    const state = !isOpen ? ' (closed)' : peer === null ? ' (peer id not seen)' : ''
    return build('li', {}, button, build('span', { className: 'state' }, state))
  }

  // Who has met is noted in any case; what travels is only shown if somebody can see it in time.
  travel (each) {
    const now = performance.now()
    this.changed = now
    if (each.tone === 'signal' && each.fate === 'delivered') this.#meet(each.from, each.to)
    if (document.hidden) return
    const departs = Math.max(now, this.#departs)
    if (departs - now > MILLISECONDS_TO_LAG) return
    this.#departs = departs + MILLISECONDS_BETWEEN_TRAVELS
    setTimeout(() => this.#depart(each), departs - now)
  }

  #depart ({ tone, from, to, fate }) {
    const [start, end] = [this.#members.get(from), this.#members.get(to)]
    if (!start || !end || this.#dots.childElementCount > MOST_TRAVELS) return
    const isLost = fate !== 'delivered'
    const kind = isLost ? 'lost' : tone
    const trail = draw('line', { class: 'trail', 'data-kind': kind })
    this.#place(trail, start, end)
    this.#dots.append(trail)
    trail.animate({ opacity: [0.75, 0] }, { duration: MILLISECONDS_TO_TRAVEL * 1.5, easing: 'ease-in' }).finished.then(() => trail.remove())
    if (!calm.matches) this.#fly(draw('circle', { class: 'dot', r: 6, 'data-kind': kind }), start, end, isLost)
  }

  #fly (dot, start, end, isLost) {
    this.#dots.append(dot)
    const at = ({ x, y }, share = 1) => `translate(${start.x + (x - start.x) * share}px, ${start.y + (y - start.y) * share}px)`
    const flight = dot.animate({ transform: [at(start), at(end, isLost ? 0.7 : 1)], opacity: isLost ? [1, 1, 0] : [1, 1] }, { duration: MILLISECONDS_TO_TRAVEL, easing: 'cubic-bezier(.4, 0, .3, 1)', fill: 'forwards' })
    flight.finished.then(() => {
      dot.remove()
      if (!isLost) end.node.querySelector('.halo').animate({ transform: ['scale(1)', 'scale(1.7)'], opacity: [0.5, 0] }, 500)
    })
  }

  // Signals both ways: these two have agreed on a connection of their own.
  #meet (from, to) {
    if (!this.#members.has(from) || !this.#members.has(to)) return
    const pair = [from, to].sort().join(' ')
    const met = this.#met.get(pair) ?? { line: draw('line', { class: 'met' }), ways: new Set() }
    met.ways.add(from)
    if (met.ways.size === 2 && !met.line.isConnected) {
      this.#place(met.line, this.#members.get(from), this.#members.get(to))
      this.#lines.append(met.line)
    }
    this.#met.set(pair, met)
  }
}

export class RoomsView {
  #rooms = new Map()

  constructor (element, hint, choose) {
    Object.assign(this, { element, hint, choose })
  }

  update (model, filter) {
    const part = filter.room.toLowerCase()
    const wanted = [...model.rooms].filter(([topic]) => topic.toLowerCase().includes(part))
    for (const [topic, room] of this.#rooms) {
      if (!topic.toLowerCase().includes(part)) this.#forget(topic)
      else if (!model.rooms.has(topic)) room.update(new Map())
    }
    for (const [topic, members] of wanted) {
      if (this.#rooms.has(topic) || this.#makesPlaceFor(topic)) this.#rooms.get(topic).update(members)
    }
    const more = wanted.length - this.#rooms.size
    this.hint.textContent = wanted.length === 0 ? 'Nobody is in a room yet. Open the demo page in two browsers.' : more > 0 ? `and ${more} more: filter by room to see them` : ''
  }

  travel (each) {
    this.#rooms.get(each.topic)?.travel(each)
  }

  #forget (topic) {
    this.#rooms.get(topic)?.element.remove()
    this.#rooms.delete(topic)
  }

  // A room in which nothing happens makes way for one in which something does.
  #makesPlaceFor (topic) {
    if (this.#rooms.size >= MOST_ROOMS) {
      const [oldest, room] = [...this.#rooms].reduce((one, other) => (other[1].changed < one[1].changed ? other : one))
      if (performance.now() - room.changed < MILLISECONDS_TO_STAY) return false
      this.#forget(oldest)
    }
    const room = new Room(topic, this.choose)
    room.element.addEventListener('emptied', () => this.#forget(topic))
    this.#rooms.set(topic, room)
    this.element.append(room.element)
    return true
  }
}
