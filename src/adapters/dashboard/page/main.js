/**
 * The page: what is looked at, as the address says it, what is known, and how the one is shown out of the other. Panes come
 * from `panes` once and then over the stream, which has what is looked at and nothing else.
 */
import { Alerts } from "./alerts/alerts.js"
import { AlertsView } from "./alerts/view.js"
import { get, giveUp, isGivenUp, isRefused, post, streamOf } from "./api.js"
import { isZone } from "./chart/zones.js"
import * as format from "./format.js"
import { GraphView } from "./graph/view.js"
import { bindKeys } from "./keyboard.js"
import { LeftOutView } from "./lateness/view.js"
import { MarketView, marketOf } from "./market/view.js"
import { showPicker } from "./picker.js"
import { PipelineView } from "./pipeline/view.js"
import { RowsView } from "./pipeline/rows.js"
import * as address from "./state/address.js"
import { makeKeys } from "./state/keys.js"
import { makePanes } from "./state/panes.js"
import { connect } from "./state/stream.js"
import { bindFeed, showConnection, showFeed, showProgress } from "./states.js"
import { Revisions } from "./time/revisions.js"
import { Time } from "./time/time.js"
import { faultOf, Unknown } from "./unknown.js"
import { setText } from "./text.js"
import { zoneChoice, zoned } from "./zones.js"

/**
 * @typedef {import("./pipeline/values.js").Pipeline} Pipeline
 * @typedef {import("./state/address.js").Address} Address
 */

/** Every element that has a name. @type {Record<string, HTMLElement>} */
const parts = Object.fromEntries(
  [...document.querySelectorAll("[id]")].map((part) => [part.id, /** @type {HTMLElement} */ (part)])
)

export class Page {
  /** @type {Map<string, import("./state/keys.js").Keys>} */
  keys = new Map()
  /** @type {Address} */
  address = { options: {} }
  /** Parts that are to be drawn with the next frame. @type {Set<string>} */
  stale = new Set()
  /** Keys whose windows are looked at, by pipeline. @type {Map<string, Set<string>>} */
  followed = new Map()
  /** Parts of which the stream has told something. @type {Set<"list" | "windows" | "progress">} */
  telling = new Set()
  /** Whether something is being read, and whether there is more to read after it. */
  reading = false
  again = false
  /** Whether a drawing is due with the next frame. */
  isDue = false
  /** Whether what is drawn stays, until all of another instant is known. */
  isHeld = false
  clocks = new Map()

  /** @param {any} status @param {Array<Pipeline>} pipelines */
  constructor(status, pipelines) {
    this.status = status
    this.pipelines = pipelines
    this.panes = makePanes(new Set(pipelines.flatMap(({ name, window }) => window?.kind === "session" ? name : [])))
    this.market = marketOf(pipelines)
    setText(parts["title"], status.title)
    this.revisions = new Revisions(parts["window-history"], this)
    this.time = new Time(parts["time"], this)
    this.alerts = new Alerts(parts, this)
    this.drawStatus()
    this.route()
    addEventListener("popstate", () => this.route())
    bindKeys({ step: (by) => this.view.step(by), press: (key) => this.time.press(key) || (this.view.press?.(key) ?? false) })
    bindFeed(parts, (wish) => {
      post("feed", wish).then((feed) => this.showFeed(feed), (error) => {
        tell(`The replay stays as it is: ${isRefused(error) ? error.message : "the server is out of reach"}.`)
        // The choice of a speed says again what is so.
        this.showFeed(this.status.feed)
      })
    })
    this.stream = connect(streamOf(this.view.wanted()), {
      opened: (isKept) => {
        clearTimeout(this.waiting)
        showConnection(parts["connection"], "connected")
        if (isKept && this.openedFor === this.viewId) this.view.readSelected(true).catch(() => this.refresh())
        else void this.refresh()
        void this.alerts.read()
        this.openedFor = this.viewId
      },
      lost: () => {
        showConnection(parts["connection"], "lost")
        if (this.time.isPlaying) this.time.pause()
      },
      refused: (words) => {
        showConnection(parts["connection"], "refused")
        tell(`The server does not tell what comes of this: ${words}.`)
      },
      events: {
        pane: (pane) => this.receive(pane, pane.pane === "early" ? "early" : "closed"),
        forming: (pane) => this.receive(pane, "forming"),
        rows: (rows) => this.list(rows),
        progress: (progress) => {
          this.status.progress = progress
          this.panes.expire(progress.watermark)
          this.time.hear(progress)
          this.alerts.keepUp()
          this.told("progress")
        },
        status: ({ feed }) => this.showFeed(feed),
        waiting: ({ why }) => this.time.wait(why),
        missed: () => {
          void this.refresh()
          void this.alerts.read()
        },
        alert: (firing) => this.alerts.hear(firing),
        alerts: () => void this.alerts.read()
      }
    })
    // What is read once the stream stands has nothing missing, and need not be read again. Of the past nothing else is.
    if (!this.time.isPast) this.waiting = setTimeout(() => void this.refresh(), patience)
  }

  // Where we are

  /** @param {Address} next @param {boolean} replace whether Back leads past the present address */
  go(next, replace = false) {
    if (this.note(next, replace)) this.route()
  }

  /** What is shown already. Whether the address did not say so. @param {Address} next @param {boolean} replace */
  note(next, replace) {
    const hash = address.format(next)
    if (hash === location.hash) return false
    if (replace) history.replaceState(null, "", hash)
    else history.pushState(null, "", hash)
    this.address = next
    this.link()
    return true
  }

  /** What is shown next is shown of the same instant, and in the time zone that was chosen. @param {Address} next */
  kept(next) {
    const { zone } = this.address.options
    return this.time.kept(zone === undefined || !isZone(zone) ? next : { ...next, options: { zone, ...next.options } })
  }

  /** Where something else is shown. @param {Address} next */
  href(next) {
    return address.format(this.kept(next))
  }

  /** Links that are there on every view. */
  link() {
    for (const link of document.querySelectorAll("a[data-view]")) link.setAttribute("href", this.href({ options: { view: link.dataset.view } }))
  }

  /** The key that is shown where the address names none; until it has been read. @param {string | undefined} key */
  choose(key) {
    if (key === undefined || this.address.key !== undefined) return
    this.go({ ...this.address, key }, true)
    return this.choosing
  }

  /** Shows what the address says. */
  route() {
    this.address = this.completed(address.parse(location.hash))
    const { options, pipeline = "" } = this.address
    const known = this.pipelines.find(({ name }) => name === pipeline)
    const fault = faultOf(this.address, this)
    const OfAll = fault === undefined ? ofAll[options.view ?? ""] : undefined
    const isMarket = fault === undefined && known !== undefined && known === this.market && OfAll === undefined && options.view !== "windows"
    const id = OfAll === undefined ? JSON.stringify([pipeline, isMarket, fault]) : options.view
    const isMoved = this.time.take(options.at)
    if (id !== this.viewId) {
      this.view?.end()
      this.viewId = id
      parts["view"].replaceChildren()
      this.view = fault !== undefined ? new Unknown(this, this.root(), fault) : OfAll === undefined ? this.makeView(known, isMarket) : new OfAll(this, this.root())
      if (this.stream !== undefined) void this.refresh()
    } else if (this.address.key === undefined && OfAll === undefined && this.keysOf(pipeline).all().length > 0) {
      return this.choose(this.keysOf(pipeline).all()[0])
    } else if (!isMoved) {
      this.choosing = this.view.readSelected().catch(() => this.refresh())
    }
    showPicker(parts["picker"], this, isMarket)
    this.link()
    setText(parts["announce"], this.view.selected())
    const wanted = this.view.wanted()
    this.followed = new Map()
    for (const [pipeline, key] of wanted.follow) this.followed.set(pipeline, (this.followed.get(pipeline) ?? new Set()).add(key))
    this.revisions.keep(({ key, pipeline }) => this.followed.get(pipeline)?.has(key) ?? false)
    if (this.time.isPlaying) this.time.goOn(this.time.ahead(), this.time.chosenSpeed)
    else if (isMoved) this.jump()
    else this.stream?.change(streamOf(wanted))
    this.changed("list", "windows")
    this.drawStatus()
  }

  /** Shows another instant: until it is known, what was shown stays. */
  jump() {
    this.isHeld = true
    this.time.reads(true)
    if (this.stream === undefined) return
    giveUp()
    this.panes.clear()
    for (const keys of this.keys.values()) keys.clear()
    this.view.forget?.()
    this.stream.replace(streamOf(this.view.wanted()))
  }

  root() {
    const root = document.createElement("div")
    root.className = "root"
    parts["view"].append(root)
    return root
  }

  /** @param {Pipeline} pipeline @param {boolean} isMarket */
  makeView(pipeline, isMarket) {
    const root = this.root()
    if (isMarket) return new MarketView(this, root)
    return pipeline.ends === "rows" ? new RowsView(this, pipeline, root) : new PipelineView(this, pipeline, root)
  }

  /** Without a pipeline the market is shown, where there is one. @param {Address} asked @returns {Address} */
  completed(asked) {
    if (asked.pipeline !== undefined || Object.hasOwn(ofAll, asked.options.view ?? "")) return asked
    const first = this.market ?? this.pipelines.find(({ ends }) => ends === "panes") ?? this.pipelines[0]
    return { ...asked, pipeline: first?.name }
  }

  // What is known

  /** @param {string} pipeline */
  keysOf(pipeline) {
    const known = this.keys.get(pipeline) ?? makeKeys(pipeline, this.panes)
    this.keys.set(pipeline, known)
    return known
  }

  /** @param {Array<import("./state/panes.js").Pane>} panes */
  take(panes) {
    for (const pane of panes) this.panes.add(pane, pane.pane === "early" ? "early" : "closed")
  }

  /** @param {import("./state/panes.js").Pane} pane @param {import("./state/panes.js").As} as */
  receive(pane, as) {
    this.panes.add(pane, as)
    this.meet(pane.pipeline, pane.key)
    this.told("windows")
  }

  /** @param {{ pipeline: string, fields: Array<string>, rows: Array<Array<any>> }} rows */
  list({ fields, pipeline, rows }) {
    const followed = this.followed.get(pipeline)
    for (const [key, start, end, pane, ...values] of rows) {
      // Of what is followed each window is told by itself, with what decides which of two is newer.
      if (!this.meet(pipeline, key) || followed?.has(key)) continue
      if (pane === "retracted") {
        this.panes.unlist(pipeline, key)
        continue
      }
      this.panes.list(pipeline, { key, start, end, pane, values: Object.fromEntries(fields.map((name, i) => [name, values[i]])) })
    }
    this.told("list")
  }

  /** Whether a key has a place in the list, where it gets one if there is room. @param {string} pipeline @param {string} key */
  meet(pipeline, key) {
    const keys = this.keysOf(pipeline)
    if (keys.has(key)) return true
    if (!keys.meet(key)) return false
    this.told("list")
    // The first of the list, and not the first that is heard of.
    if (pipeline === this.address.pipeline && keys.isRead()) this.choose(keys.all()[0])
    return true
  }

  /** Reads what is missing, once at a time; what is missed meanwhile is read afterwards. */
  async refresh() {
    this.again = true
    if (this.reading) return
    this.reading = true
    while (this.again) {
      this.again = false
      try {
        await Promise.all([this.readStatus(), this.view.readAll()])
        this.isHeld = false
        this.time.reads(false)
        this.changed("list", "windows")
      } catch (error) {
        if (isGivenUp(error)) continue
        if (isRefused(error)) {
          tell(`The server does not give what this address asks for: ${error.message}.`)
          this.isHeld = false
          this.time.reads(false)
          this.changed("list", "windows")
          continue
        }
        await pause()
        // Without a connection there is nobody to ask; the next one begins with this again.
        this.again = document.body.dataset.connection === "connected"
      }
    }
    this.reading = false
  }

  async readStatus() {
    const status = await get("status")
    // How far all was then says the stream.
    this.status = this.time.isPast ? { ...status, progress: this.status.progress, lastEventAt: null } : status
    this.drawStatus()
  }

  /** Up to which event time all has come, in milliseconds; at the end of the data that is all of it. */
  watermark() {
    const { watermark } = this.status.progress
    return watermark === null ? -Infinity : format.isDate(watermark) ? watermark : Infinity
  }

  /** The clock of what is shown: it stands where the events end. @returns {number | null} */
  eventTime() {
    const watermark = this.watermark()
    return this.status.progress.lastEventAt ?? this.status.lastEventAt ?? (Number.isFinite(watermark) ? watermark : null)
  }

  /** Shows the history of a window, where the server has the log. @param {import("./state/panes.js").Pane} pane */
  inspect(pane) {
    if (this.time.log !== undefined) void this.revisions.open(pane)
  }

  // How it is shown

  /** What the stream tells is drawn a few times a second: what comes together is drawn together. @param {"list" | "windows" | "progress"} what */
  told(what) {
    if (this.telling.size === 0) setTimeout(() => this.drawTold(), between)
    this.telling.add(what)
  }

  /** Before the frame and not with it: the chart, which draws itself with the next frame, is drawn in the same one. */
  drawTold() {
    for (const part of this.telling) this.stale.add(part)
    this.telling.clear()
    // Nobody sees it; when somebody does, or when all of another instant is known, it is drawn with the next frame.
    if (document.hidden || this.isHeld) this.changed()
    else this.draw()
  }

  /** The page is drawn at most once a frame. @param {Array<"list" | "windows" | "readings">} what */
  changed(...what) {
    for (const part of what) this.stale.add(part)
    if (this.isHeld || this.isDue) return
    this.isDue = true
    requestAnimationFrame(() => {
      this.isDue = false
      if (!this.isHeld) this.draw()
    })
  }

  draw() {
    const stale = new Set(this.stale)
    this.stale.clear()
    if (stale.delete("progress")) {
      showProgress(parts, this.status.progress, this.clock(this.timeZone))
      this.revisions.draw()
    }
    if (stale.size > 0) this.view.draw(stale)
  }

  /** @param {import("./states.js").Feed} feed */
  showFeed(feed) {
    this.status.feed = feed
    showFeed(parts, feed)
  }

  drawStatus() {
    showFeed(parts, this.status.feed)
    showProgress(parts, this.status.progress, this.clock(this.timeZone))
    setText(parts["zone"], `Times in ${zoned(this.address.options.zone, this.timeZone)}`)
  }

  /** That of what is looked at. */
  get timeZone() {
    return this.pipelines.find(({ name }) => name === this.address.pipeline)?.timeZone ?? this.status.timeZone
  }

  /** Times in the zone that was chosen, else in the one given. @param {string} timeZone */
  clock(timeZone) {
    const zone = zoned(this.address.options.zone, timeZone)
    const known = this.clocks.get(zone) ?? format.clock(zone)
    this.clocks.set(zone, known)
    return known
  }

  /** The choice of a time zone. @param {string} timeZone that of what is shown */
  zones(timeZone) {
    return zoneChoice(this.address.options.zone, timeZone, (zone) =>
      this.go({ ...this.address, options: { ...this.address.options, zone } }))
  }
}

/** Views of all pipelines together, by their names in addresses. @type {Record<string, typeof AlertsView | typeof GraphView | typeof LeftOutView>} */
const ofAll = { alerts: AlertsView, graph: GraphView, "left-out": LeftOutView }

/** Milliseconds from one drawing of what is told to the next. */
const between = 200

/** What went wrong, where everyone sees it, until it is closed or something else is to be said. @param {string} text */
const tell = (text) => {
  parts["trouble"].hidden = false
  setText(parts["trouble-text"], text)
}
parts["trouble-close"].addEventListener("click", () => {
  parts["trouble"].hidden = true
})

/** Milliseconds that the stream may take to open before what there is is read without it. */
const patience = 500

const pause = () => new Promise((resume) => setTimeout(resume, 1_000))

/** The server may still be starting. */
const untilAnswered = async () => {
  while (true) {
    try {
      return await Promise.all([get("status"), get("pipelines")])
    } catch (error) {
      if (isRefused(error)) throw error
      await pause()
    }
  }
}

untilAnswered().then(
  ([status, pipelines]) => new Page(status, pipelines),
  (error) => tell(`The server does not say which pipelines run: ${error.message}.`)
)
