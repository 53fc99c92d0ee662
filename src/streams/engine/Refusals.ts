/**
 * Whose a record is that cannot be decoded. Several pipelines may read it, each as its own source says: it is a letter of
 * those whose source refuses it. Where all refuse it, or nobody takes records of its kind, it is one letter of nobody's.
 */
import { type Records, valueAt } from "../records/Records.ts"
import type { Reason } from "../records/Refusal.ts"
import type { Part } from "./SourceReader.ts"

/** A record that a pipeline, or the decoder (`pipeline` is `null`), could not use. */
export interface Unused {
  /** Where it is in its batch; `null` where that is long gone, since a node has held it. */
  readonly record: number | null
  readonly partition: number
  readonly offset: number
  readonly pipeline: string | null
  readonly reason: Reason
  readonly detail: string
}

/**
 * `sources` are those that the run reads, by name; `pipelinesOf` names the pipelines that read one, which is known by its
 * fingerprint.
 */
export const lettersOf = (
  part: Part,
  records: Records,
  sources: ReadonlyArray<string>,
  pipelinesOf: (source: string) => ReadonlyArray<string>
): ReadonlyArray<Unused> => part.refused.size === 0 ? ofNobody(part, records, sources) : ofSources(part, records.partition, pipelinesOf)

const ofNobody = ({ from, kind, to }: Part, records: Records, sources: ReadonlyArray<string>): ReadonlyArray<Unused> =>
  Array.from({ length: to - from }, (_, index): Unused => {
    const record = from + index
    const refusal = kind === "truncated" ? tooLong(valueAt(records, record).length) : kind === "unassigned" ? unassigned(sources) : unwanted
    return { record, partition: records.partition, offset: records.offsets[record]!, pipeline: null, ...refusal }
  })

const ofSources = ({ refused }: Part, partition: number, pipelinesOf: (source: string) => ReadonlyArray<string>): ReadonlyArray<Unused> => {
  const times = new Map<number, number>()
  for (const { record } of [...refused.values()].flat()) times.set(record, (times.get(record) ?? 0) + 1)
  const known = new Set<number>()
  const [nobody, others]: [Array<Unused>, Array<Unused>] = [[], []]
  for (const [source, all] of refused) {
    for (const each of all) {
      if (times.get(each.record) !== refused.size) {
        others.push(...pipelinesOf(source).map((pipeline) => ({ ...each, partition, pipeline })))
      } else if (!known.has(each.record)) {
        known.add(each.record)
        nobody.push({ ...each, partition, pipeline: null })
      }
    }
  }
  return [...others, ...nobody]
}

const tooLong = (bytes: number) =>
  ({ reason: "too-long", detail: `it is too long: these are its first ${bytes} bytes` }) as const

const unassigned = (sources: ReadonlyArray<string>) =>
  ({ reason: "unknown-source", detail: `it names none of the sources that are read: ${sources.join(", ")}` }) as const

const unwanted = { reason: "invalid-field", detail: "no pipeline of this job takes pre-aggregated records" } as const
