/**
 * Standard input that is a file, read in larger pieces than Node.js reads it in: what a piece costs on its way through a run
 * is paid a sixteenth as often. Of a pipe a piece is what waits in it, and that is left as it is.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Layer, PlatformError, Stdio } from "effect"
import { createReadStream, fstatSync } from "node:fs"

const pieceBytes = 1_024 * 1_024

const descriptor = 0

/** In place of the standard input that there is, where it is a file. */
export const layer: Layer.Layer<Stdio.Stdio, never, Stdio.Stdio> = Layer.effect(
  Stdio.Stdio,
  Effect.map(Stdio.Stdio, (stdio) => isFile() ? Stdio.make({ ...stdio, stdin: inPieces }) : stdio)
)

/** Not where there is no standard input at all. */
const isFile = (): boolean => {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false
  }
}

const inPieces = NodeStream.fromReadable({
  evaluate: () => createReadStream("", { fd: descriptor, highWaterMark: pieceBytes, autoClose: false }),
  onError: (cause) => PlatformError.systemError({ module: "Stdio", method: "stdin", _tag: "Unknown", cause }),
  closeOnDone: false
})
