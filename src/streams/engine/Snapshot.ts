/** The state of a job as sections of bytes, each with its place: what a checkpoint is made of. */
import { Option, Schema } from "effect"
import { StateError } from "../operator/State.ts"

/** By where they belong. */
export type Snapshot = ReadonlyMap<string, Uint8Array>

/** A section that is new or has changed; `null` where there is nothing any more. */
export type Section = readonly [id: string, bytes: Uint8Array | null]

/** What there is once for a whole job. */
export const jobSection = "job"

/** What the account of a pipeline knows of rows that are held. No pipeline has the name that it stands under. */
export const accountSection = (pipeline: string): string => idOf("", "account", pipeline, 0)

/** The same of the account of a source, which has no name where all of the log is read. */
export const sourceSection = (source: string | null): string => idOf("", "source", source ?? "", 0)

/** Where a section of an operator's state belongs. */
const Place = Schema.Tuple([Schema.String, Schema.String, Schema.String, Schema.Int])

/** `part` is what pages are of, `page` their number. */
export const idOf = (pipeline: string, node: string, part: string, page: number): string =>
  JSON.stringify([pipeline, node, part, page])

const decodePlace = Schema.decodeUnknownOption(Schema.fromJsonString(Place))

/** The sections of a pipeline by node. */
export const nodesOf = (snapshot: Snapshot, pipeline: string): ReadonlyMap<string, ReadonlyArray<Uint8Array>> => {
  const nodes = new Map<string, Array<Uint8Array>>()
  for (const [id, bytes] of snapshot) {
    if (id === jobSection) continue
    const place = Option.getOrNull(decodePlace(id))
    if (place === null) throw new StateError(`the snapshot has a section that belongs nowhere: ${id}`)
    const [name, node] = place
    if (name !== pipeline) continue
    const known = nodes.get(node)
    if (known === undefined) nodes.set(node, [bytes])
    else known.push(bytes)
  }
  return nodes
}

export const bytesIn = (snapshot: Snapshot): number => [...snapshot.values()].reduce((sum, { length }) => sum + length, 0)
