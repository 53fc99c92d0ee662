/** Views that follow no windows: they stand as they are drawn, or are read every so often. */

export class StillView {
  key = undefined

  wanted() {
    return { follow: [], watch: [] }
  }

  async readAll() {}
  async readSelected() {}
  step() {}
  selected() {
    return ""
  }
  draw() {}
  end() {}
}

/** One that is read while it is looked at, by `readAll`. */
export class ReadView extends StillView {
  /** @param {import("./main.js").Page} page @param {HTMLElement} root @param {{ title: string, often: number }} options milliseconds */
  constructor(page, root, { often, title }) {
    super()
    this.page = page
    this.root = root
    document.title = `${title} · ${page.status.title}`
    this.timer = setInterval(() => void this.readAll().catch(() => undefined), often)
  }

  end() {
    clearInterval(this.timer)
    this.timer = undefined
  }
}
