// The console: it reads the server's feed and shows it. Names and payloads are whatever clients
// send, so they reach the page as text alone, never as HTML.

import { EventsView, MOST_EVENTS } from './events.js'
import { Model, travels } from './model.js'
import { RoomsView } from './rooms.js'

const find = (id) => document.getElementById(id)
const MILLISECONDS_WHILE_HIDDEN = 1000

const filter = { room: '', peer: '' }
const model = new Model()
const rooms = new RoomsView(find('rooms'), find('rooms-hint'), choose)
const events = new EventsView(model, filter)

let waiting = []
let isPaused = false
let isDue = false

function take (record) {
  model.apply(record)
  if (record.kind !== 'change' && record.kind !== 'snapshot') waiting.push(record)
  if (waiting.length > MOST_EVENTS) waiting = waiting.slice(-MOST_EVENTS)
  if (isPaused) showPause()
  else schedule()
}

// A page that nobody sees draws no frames, but it goes on taking what comes.
function schedule () {
  if (isDue) return
  isDue = true
  if (document.hidden) setTimeout(show, MILLISECONDS_WHILE_HIDDEN)
  else requestAnimationFrame(show)
}

function show () {
  isDue = false
  if (isPaused) return
  const records = waiting
  waiting = []
  rooms.update(model, filter)
  for (const travel of records.flatMap(travels)) rooms.travel(travel)
  events.add(records)
  showTopics()
}

function showTopics () {
  const topics = [...model.rooms.keys()].slice(0, 100)
  const shown = Array.from(find('topics').children, (option) => option.value)
  if (topics.join('\n') === shown.join('\n')) return
  find('topics').replaceChildren(...topics.map((topic) => Object.assign(document.createElement('option'), { value: topic })))
}

function showPause () {
  const count = waiting.length === MOST_EVENTS ? `${MOST_EVENTS}, the newest` : waiting.length
  find('pause').textContent = !isPaused ? 'Pause' : waiting.length > 0 ? `Go on (${count} waiting)` : 'Go on'
  find('pause').setAttribute('aria-pressed', isPaused)
}

function showState (state, words) {
  find('state').dataset.state = state
  find('state').textContent = words
}

// Choosing the same again takes the filter off.
function choose (name, value) {
  const input = find('controls').elements[name]
  input.value = input.value === value ? '' : value
  applyFilter()
}

function applyFilter () {
  for (const name of ['room', 'peer']) filter[name] = find('controls').elements[name].value
  events.show()
  rooms.update(model, filter)
}

find('controls').addEventListener('input', applyFilter)
find('controls').addEventListener('submit', (event) => event.preventDefault())
find('clear').addEventListener('click', () => {
  waiting = []
  events.clear()
  showPause()
})
find('pause').addEventListener('click', () => {
  isPaused = !isPaused
  showPause()
  if (!isPaused) schedule()
})

const feed = new EventSource('/console/events')
feed.addEventListener('message', ({ data }) => take(JSON.parse(data)))
feed.addEventListener('open', () => showState('connected', 'live'))
feed.addEventListener('error', () => {
  const isRefused = feed.readyState === EventSource.CLOSED
  showState(isRefused ? 'offline' : 'connecting', isRefused ? 'refused: too many consoles are open' : 'offline, retrying')
})
