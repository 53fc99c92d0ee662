/**
 * The pointer over the chart: while it rests there, new bars do not push away what is under it.
 *
 * @param {HTMLElement} container
 * @param {{ hold: (isHeld: boolean) => void, moved: () => void, over: (x: number | null) => void, picked: () => void }} chart `over` is
 *   told where the pointer is, in pixels from the left; `moved` that it has moved what is in view
 */
export const watchPointer = (container, chart) => {
  let pressedAt = NaN
  const isDrag = (x) => Math.abs(x - pressedAt) > nearby
  const heard = {
    pointerdown: ({ clientX }) => pressedAt = clientX,
    pointermove: ({ buttons, clientX }) => {
      chart.hold(true)
      if (buttons > 0 && isDrag(clientX)) chart.moved()
      chart.over(clientX - container.getBoundingClientRect().left)
    },
    pointerleave: () => {
      chart.over(null)
      chart.hold(false)
    },
    wheel: () => chart.moved(),
    // The end of a drag is no click.
    click: ({ clientX }) => isDrag(clientX) || chart.picked()
  }
  for (const [name, listener] of Object.entries(heard)) container.addEventListener(name, listener, { passive: true })
  return () => {
    for (const [name, listener] of Object.entries(heard)) container.removeEventListener(name, listener)
  }
}

/** Pixels that a pointer may move while it clicks. */
const nearby = 4
