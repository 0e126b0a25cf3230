// The list of events, newest first, and the detail of one.

import { describe, matches, shortened } from './model.js'

export const MOST_EVENTS = 500

const find = (id) => document.getElementById(id)
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })

function part (className, words, title = '') {
  return Object.assign(document.createElement('span'), { className, title, textContent: words })
}

export class EventsView {
  #list = find('events')
  #detail = new Detail()
  #kept = [] // newest first: { record, line, item }

  constructor (model, filter) {
    Object.assign(this, { model, filter })
    this.#list.addEventListener('keydown', (event) => this.#walk(event))
  }

  add (records) {
    const fresh = records.map((record) => this.#entry(record)).reverse()
    this.#kept.unshift(...fresh)
    this.#list.prepend(...fresh.map(({ item }) => item))
    for (const { item } of this.#kept.splice(MOST_EVENTS)) item.remove()
    this.#count()
  }

  show () {
    for (const { line, item } of this.#kept) item.hidden = !matches(line, this.filter, this.model)
    this.#count()
  }

  clear () {
    for (const { item } of this.#kept.splice(0)) item.remove()
    this.#detail.close()
    this.#count()
  }

  // A line is described when it comes: later its peer may have left.
  #entry (record) {
    const { model } = this
    const line = describe(record, model)
    const whom = line.to ? ` → ${shortened(line.to)}` : ''
    const who = line.connection ? `${model.nameOf(line.connection)}${whom}` : ''
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'event' })
    button.append(
      part('time', time.format(record.at)),
      part('label', line.label),
      part('who', who, model.peerOf(line.connection) ?? line.connection),
      part('room-name', line.topics.join(', '), line.topics.join(', ')),
      part('words', line.words, line.words),
      part('took', line.milliseconds === undefined ? '' : `${line.milliseconds} ms`)
    )
    button.dataset.kind = line.tone
    const item = document.createElement('li')
    item.append(button)
    item.hidden = !matches(line, this.filter, model)
    const entry = { record, line, item }
    button.addEventListener('click', () => this.#detail.open(entry, button, model))
    return entry
  }

  #walk (event) {
    const step = { ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling' }[event.key]
    let item = event.target.closest('li')?.[step]
    while (item?.hidden) item = item[step]
    if (!item) return
    event.preventDefault()
    item.firstElementChild.focus()
  }

  #count () {
    const shown = this.#kept.filter(({ item }) => !item.hidden).length
    const limit = this.#kept.length === MOST_EVENTS ? `, the last ${MOST_EVENTS}` : ''
    find('events-hint').textContent = this.#kept.length === 0
      ? 'Nothing yet. What happened before this page was open is not kept.'
      : shown < this.#kept.length ? `${shown} of ${this.#kept.length} events${limit}` : `${this.#kept.length} events${limit}`
  }
}

class Detail {
  #dialog = find('detail')
  #opener = null

  constructor () {
    find('close').addEventListener('click', () => this.close())
    this.#dialog.addEventListener('keydown', ({ key }) => { if (key === 'Escape') this.close() })
    find('copy').addEventListener('click', ({ target }) => this.#copy(target))
    find('download').addEventListener('click', () => this.#download())
  }

  open ({ record, line }, opener, model) {
    this.#opener?.removeAttribute('aria-current')
    this.#opener = opener
    opener.setAttribute('aria-current', 'true')
    const isEvent = record.event !== undefined
    this.json = JSON.stringify(record.event ?? record, null, 2)
    this.file = `${new Date(record.at).toISOString().replace(/[-:]/g, '')}-${(line.route ?? line.label).replace(/\W+/g, '')}-${record.function ?? 'event'}.json`
    find('detail-heading').textContent = `${line.label}${line.words && `: ${line.words}`}`
    find('facts').replaceChildren(...this.#facts(record, line, model))
    find('failure').textContent = record.failure ?? ''
    find('failure').hidden = !record.failure
    find('json-heading').textContent = isEvent ? 'The function’s event' : 'What is known'
    find('json').textContent = this.json
    find('commands').hidden = !isEvent
    find('command').textContent = `python -m local invoke ${record.function} ${this.file}`
    find('container').textContent = `make invoke FUNCTION=${record.function} EVENT=${this.file}`
    this.#dialog.show()
    find('detail-heading').focus()
    this.#dialog.scrollTop = 0
  }

  close () {
    if (!this.#dialog.open) return
    this.#dialog.close()
    this.#opener?.removeAttribute('aria-current')
    this.#opener?.focus()
  }

  #facts (record, line, model) {
    const facts = [
      ['Route', line.route && `${line.route}${record.function ? `, ${record.function}` : ''}`],
      ['Rooms', line.topics.join(', ')],
      ['Peer', model.peerOf(line.connection)],
      ['Connection', line.connection],
      ['Took', record.milliseconds === undefined ? '' : `${record.milliseconds} ms`],
      ...(record.frames ?? []).map(({ from, frame, to }) => ['Sent', `${this.#fates(from, to, model)}: ${frame}`])
    ]
    return facts.filter(([, words]) => words).map(([name, words]) => {
      const [term, text] = [document.createElement('dt'), document.createElement('dd')]
      term.textContent = name
      text.textContent = words
      const pair = document.createElement('div')
      pair.append(term, text)
      return pair
    })
  }

  #fates (from, to, model) {
    return Object.entries(to).map(([receiver, fate]) => `${model.nameOf(from)} → ${model.nameOf(receiver)} ${fate}`).join(', ')
  }

  async #copy (button) {
    try {
      await navigator.clipboard.writeText(this.json)
      button.textContent = 'Copied'
    } catch {
      getSelection().selectAllChildren(find('json'))
      button.textContent = 'Selected: copy it'
    }
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  }

  #download () {
    const url = URL.createObjectURL(new Blob([this.json], { type: 'application/json' }))
    Object.assign(document.createElement('a'), { href: url, download: this.file }).click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
}
