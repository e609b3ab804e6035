// Asks for the reading once a second, draws it, and writes it into the tables that the server wrote.
const make = tag => document.createElement(tag)
const $ = (selector, root = document) => root.querySelector(selector)
const all = (selector, root = document) => [...root.querySelectorAll(selector)]
const live = $('#live')
const price = $('#price')
const seconds = 300
const cards = {}
// The course of each domain: pairs of time and watts, which are null where they are not known.
let courses = {}
let reading, shown, timer, asking, ago
let whole = true

const write = (node, text) => {
  if (node && node.textContent != text) node.textContent = text
}
const fixed = (value, digits) => value == null ? '–' : value.toFixed(digits)
const watts = value => fixed(value, value < 9.995 ? 2 : value < 1e3 ? 1 : 0)
const hours = value => fixed(value, value < 10 ? 4 : 1)
const moment = (time, length) => new Date(time * 1e3).toISOString().replace('T', ' ').slice(0, length) + ' UTC'

// The least round number that is not below the value.
const ceiling = value => {
  const power = 10 ** Math.floor(Math.log10(value || 1))
  return power * [1, 2, 3, 4, 5, 6, 8, 10].find(step => step * power >= value)
}

const rangeOf = minute => minute ? ['minimum', 'median', 'p99', 'maximum'].map(name => minute[name + '_watts']) : []

const cardOf = name => cards[name] ??= $('template').content.firstChild.cloneNode(true)

// A course, the range of the last minute at its right end, and the moment that is pointed at.
const draw = (name, title, power, minute) => {
  const card = cardOf(name)
  const course = (courses[name] ?? []).filter(([time]) => time > reading.time - seconds)
  const range = rangeOf(minute)
  const top = ceiling(Math.max(0, ...range, ...course.map(point => point[1])))
  const x = time => (seconds + time - reading.time).toFixed(1)
  const y = value => (100 - 100 * value / top).toFixed(1)
  let area = '', line = '', drawn
  for (const [time, value] of [...course, []]) {
    const known = value != null
    if (known) {
      const point = x(time) + ' ' + y(value)
      line += (drawn ? 'L' : 'M') + point
      area += (drawn ? 'L' : `M${x(time)} 100L`) + point
    } else if (drawn) area += 'V100Z'
    drawn = known
  }
  const [least, median, high, most] = range.map(y)
  const shapes = [area, line, minute ? `M311 ${least}V${most}M303 ${median}h16M307 ${high}h8` : '',
    ago == null ? '' : `M${seconds - ago} 0V100`]
  all('path', card).forEach((path, index) => path.setAttribute('d', shapes[index]))

  const then = ago == null ? null : course.find(([time]) => time >= reading.time - ago)
  write($('h2', card), title)
  write($('b', card), watts(then ? then[1] : power))
  write($('small', card), then ? Math.round(ago) + ' s ago' : 'now')
  all('i', card).forEach((label, index) => write(label, +(top / (index + 1)).toPrecision(3) + ' W'))
  all('dd', card).forEach((value, index) => write(value, watts(range[index])))
  return course
}

// An amount of energy in money: the price is a number with a sign of the currency before or after it.
const money = energy => {
  const number = price.value.match(/\d*[.,]?\d+/)?.[0]
  return number && price.value.replace(number, (number.replace(',', '.') * energy).toFixed(2))
}

const render = () => {
  const {host, domains} = reading
  const known = draw('host', 'This host draws', host?.watts).map(point => point[1]).filter(value => value != null)
  for (const unit of domains) draw(unit.domain, unit.domain, unit.watts, unit.last_minute)
  const names = domains.map(unit => unit.domain)
  if (shown != names + '') $('#cards').replaceChildren(...names.map(cardOf))
  shown = names + ''

  const pace = known.length ? known.reduce((sum, value) => sum + value) / known.length * .024 : null
  const [total, daily] = all('#live > dl b')
  const [basis, yearly, cost] = all('#live > dl small')
  const spent = money(host?.kwh ?? 0)
  write(total, hours(host?.kwh))
  write($('dt span', live), moment(reading.start_time, 16))
  write(basis, host ? 'counted by ' + host.basis : '–')
  write(daily, hours(pace))
  write(yearly, fixed(pace && pace * 365, 0) + ' kWh a year')
  write(cost, spent ? `${spent} so far, ${money(pace * 365)} a year` : price.value ? 'Not a number' : 'Kept in this browser')
  price.ariaInvalid = !!price.value && !spent
  document.title = `${$('#simulated') ? 'SIMULATED ' : ''}${watts(host?.watts)} W, ${location.hostname}`
  live.hidden = false
  $('#total').hidden = true
}

// Writes rows into a table, the first cell of each being its head.
const fill = (id, rows) => {
  const body = $(id + ' tbody')
  if (!body) return
  while (body.rows.length > rows.length) body.deleteRow(-1)
  rows.forEach((cells, index) => {
    const row = body.rows[index] ?? body.insertRow()
    cells.forEach((text, column) => write(row.cells[column] ?? row.appendChild(make(column ? 'td' : 'th')), text))
    row.cells[0].scope = 'row'
    row.className = cells[1]
  })
}

const tabulate = () => {
  write($('caption time'), moment(reading.time, 19))
  const energy = unit => [fixed(unit.joules, 1), fixed(unit.kwh, 6)]
  fill('#domains', reading.domains.map(unit => {
    const [least, median, , most] = rangeOf(unit.last_minute)
    return [unit.domain, unit.source, ...[unit.watts, least, median, most].map(watts), ...energy(unit)]
  }))
  fill('#consumers', reading.consumers?.map(unit => [unit.name, unit.kind, watts(unit.watts), ...energy(unit)]) ?? [])
  fill('#sources', reading.sources.map(unit => [unit.source, unit.up ? 'up' : 'down']))
}

// What was counted since the reading before, as watts: nothing between two readings is missed. Where watts are not known now,
// joules that stand still are no sign of rest.
const extend = (before, name, was, now) => {
  const joules = (now?.joules ?? NaN) - (was?.joules ?? NaN)
  const course = courses[name] ??= []
  course.push([reading.time, now?.watts != null && joules >= 0 ? joules / (reading.time - before.time) : null])
  if (course.length > 2 * seconds) course.shift()
}

const take = answer => {
  const before = reading
  // Another version has another page, and one that was started otherwise may have another warning and other tables.
  const kind = ({exporter, simulated, consumers}) => JSON.stringify([exporter, simulated, !consumers])
  if (before && kind(before) != kind(answer)) return location.reload()
  const {history} = reading = answer
  if (history) {
    courses = {}
    for (const {domain, watts} of history.series)
      courses[domain] = watts.map((value, index) => [history.end_time - (watts.length - 1 - index) * history.step_seconds, value])
    whole = false
  } else if (before && before.time < reading.time) {
    extend(before, 'host', before.host, reading.host)
    for (const unit of reading.domains) extend(before, unit.domain, before.domains.find(was => was.domain == unit.domain), unit)
  } else {
    // Whose clock was set back has another history.
    whole ||= before?.time > reading.time
  }
  render()
  tabulate()
}

const ask = async () => {
  clearTimeout(timer)
  if (asking || document.hidden) return
  asking = true
  let answer, status = 'The exporter does not answer'
  try {
    const response = await fetch('api/v1/power' + (whole ? '?history' : ''), {cache: 'no-cache', signal: AbortSignal.timeout(5e3)})
    if (response.ok) answer = await response.json()
    else status = 'The exporter answers ' + response.status
  } catch {}
  asking = false
  timer = setTimeout(ask, 1e3)
  whole ||= !answer
  document.body.className = answer ? 'live' : 'lost'
  write($('#state'), answer ? 'live' : status + ': these numbers are old. Trying again every second.')
  if (answer) take(answer)
}

// Where a browser forbids pages to keep anything, the price is forgotten.
const keep = use => {
  try {
    return use(localStorage)
  } catch {}
}
price.value = keep(storage => storage.price) ?? ''
price.oninput = () => {
  keep(storage => storage.price = price.value)
  if (reading) render()
}

const point = event => {
  const chart = event.target.closest('svg')
  const box = chart?.getBoundingClientRect()
  const left = box ? seconds - chart.viewBox.baseVal.width * (event.clientX - box.left) / box.width : -1
  ago = left < 0 ? null : left
  if (reading) render()
}
live.onpointermove = live.onpointerleave = point
document.onvisibilitychange = () => {
  whole = true
  ask()
}

write($('h1 small'), location.hostname)
live.prepend(cardOf('host'))
$('svg', live).setAttribute('viewBox', '0 0 300 100')
$('#total').after(live)
ask()
