/** The chart as a picture that says what it shows. */

const margin = 12
const line = 22

/**
 * @param {HTMLCanvasElement} drawn @param {string} title @param {import("./legend.js").Legend | null} legend
 * @param {import("./colors.js").Colors} colors
 */
export const snapshotOf = (drawn, title, legend, colors) => {
  const picture = document.createElement("canvas")
  const ratio = window.devicePixelRatio || 1
  const head = (2 * line + margin) * ratio
  picture.width = drawn.width
  picture.height = drawn.height + head
  const context = picture.getContext("2d")
  context.fillStyle = colors["surface"]
  context.fillRect(0, 0, picture.width, picture.height)
  context.drawImage(drawn, 0, head)
  context.scale(ratio, ratio)
  const { fontFamily } = getComputedStyle(document.body)
  context.fillStyle = colors["text"]
  context.font = `600 15px ${fontFamily}`
  context.fillText(title, margin, line)
  context.font = `12px ${fontFamily}`
  context.fillStyle = colors["muted"]
  const figures = legend?.figures.map(({ label, value }) => `${label} ${value}`.trim()).join("   ") ?? ""
  context.fillText(figures, margin, 2 * line, picture.width / ratio - 2 * margin)
  return picture
}
