/** The windows of a key as a table, the newest first, each with the results that were revised. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { repeat } from "../vendor/lit-html/directives/repeat.js"
import { windowOf } from "../list/visible.js"
import { decimalsOf, isNumber, label, states, text } from "./values.js"

/**
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {import("./values.js").Value} Value
 * @typedef {{ pane: Pane, before: number | null, opens: boolean }} Row of a window, or of one of its revised results
 * @typedef {{ values: ReadonlyArray<Value>, panes: ReadonlyArray<Pane>, before: (pane: Pane) => ReadonlyArray<Pane>,
 *   clock: ReturnType<typeof import("../format.js").clock>, name: string }} Shown
 * @param {HTMLElement} element @param {(pane: Pane | undefined) => void} onPoint the window under the pointer
 * @param {(pane: Pane) => void} onPick the one that was chosen
 */
export const makeWindows = (element, onPoint, onPick) => {
  /** @type {Set<string>} */
  const opened = new Set()
  /** @type {Shown | undefined} */
  let shown

  const draw = () => {
    if (shown === undefined) return
    const { clock, name, panes, values } = shown
    const scroller = element.querySelector(".table")
    const height = Number.parseFloat(getComputedStyle(element).getPropertyValue("--line-height")) || 30
    const rows = rowsOf(shown, opened)
    const { first, last } = windowOf(scroller, height, rows.length)
    const decimals = values.map((value) => decimalsOf(value, panes))
    /** @param {Row} row */
    const line = ({ before, opens, pane }) => {
      const state = states[pane.pane] ?? states["on-time"]
      return html`<tr data-state=${pane.pane} data-before=${before === null ? nothing : ""}
          @pointerenter=${() => onPoint(pane)} @pointerleave=${() => onPoint(undefined)}>
        <th scope="row">${before === null ? html`<button type="button" class="window" title="How it came to be this" @click=${() => onPick(pane)}>${clock.window(pane.start, pane.end)}</button>` : html`<span class="muted">before</span>`}</th>
        <td title=${state.title}><span class="sign" aria-hidden="true">${state.sign}</span> ${state.word}</td>
        <td class="number">${opens && pane.revision > 0 ? revisions(pane) : pane.revision > 0 ? pane.revision : ""}</td>
        <td class="number">${pane.changes.toLocaleString("en-US")}</td>
        ${values.map((value, i) => html`<td class=${isNumber(value) ? "number" : ""} title=${String(pane.values[value.name] ?? "")}>
          ${text(value, pane.values[value.name], decimals[i], clock)}</td>`)}
      </tr>`
    }
    render(html`
      <div class="table" tabindex="0" role="region" aria-label=${`Windows of ${name}`} @scroll=${draw}>
        <table aria-rowcount=${rows.length + 1}>
          <thead><tr>
            <th scope="col">Window</th>
            <th scope="col">State</th>
            <th scope="col" class="number" title="How often late events have revised the result">Revision</th>
            <th scope="col" class="number" title="Rows that the result was computed from, added or taken back">Rows</th>
            ${values.map((value) => html`<th scope="col" class=${isNumber(value) ? "number" : ""}>${label(value)}</th>`)}
          </tr></thead>
          <tbody>
            <tr class="space" aria-hidden="true"><td .style=${`height: ${first * height}px`}></td></tr>
            ${repeat(rows.slice(first, last), rowId, line)}
            <tr class="space" aria-hidden="true"><td .style=${`height: ${(rows.length - last) * height}px`}></td></tr>
          </tbody>
        </table>
      </div>`, element)
  }

  /** @param {Pane} pane */
  const revisions = (pane) => {
    const id = windowId(pane)
    const open = opened.has(id)
    return html`<button type="button" class="revision" aria-expanded=${open}
      aria-label=${`Revision ${pane.revision}: ${open ? "hide" : "show"} the results before`}
      @click=${() => {
        if (!opened.delete(id)) opened.add(id)
        draw()
      }}>${pane.revision}</button>`
  }

  new ResizeObserver(draw).observe(element)

  return {
    /** @param {Shown} next */
    show: (next) => {
      if (shown?.name !== next.name) {
        opened.clear()
        element.querySelector(".table")?.scrollTo(0, 0)
      }
      shown = next
      draw()
    }
  }
}

/** @param {Pane} pane */
const windowId = ({ end, start }) => `${start}/${end}`

/** @param {Row} row */
const rowId = ({ before, pane }) => `${windowId(pane)} ${before ?? ""}`

/** @param {Shown} shown @param {ReadonlySet<string>} opened @returns {Array<Row>} */
const rowsOf = ({ before, panes }, opened) =>
  panes.toReversed().flatMap((pane) => {
    const earlier = before(pane)
    const row = { pane, before: null, opens: earlier.length > 0 }
    if (!opened.has(windowId(pane))) return [row]
    return [row, ...earlier.map((pane, index) => ({ pane, before: index, opens: false })).toReversed()]
  })
