/**
 * The one member of a processor's group: the static member `processor` (KIP-345). Whoever joins as that has its place from
 * then on, and the coordinator refuses whoever had it before.
 *
 * A coordinator that has not heard of a member for the time of a session forgets it, whichever of the two has slept.
 * Where nobody has had the place meanwhile, the member takes it again: another that is there now would be named in the
 * refusal, and one that was there, and may have done something, has taken the name. Brokers forget who had that after a
 * day; the group's offsets, which are still those that this member has committed, they keep for a week.
 *
 * A coordinator keeps its members when a generation begins, and not when they join. One that starts again before that names
 * whoever was there in the last generation, and refuses who has joined since as if it had a successor. So who is refused
 * before it has come in as a whole asks whether there is one.
 */
import { Deferred, Effect, Metric, Schedule, Semaphore } from "effect"
import type { EventLog } from "../../streams/ports/EventLog.ts"
import { numbered, ofSource, sourcesOf } from "../../streams/ports/SourceLogs.ts"
import { type Client, KafkaError } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import * as Group from "./client/Group.ts"
import * as Inspection from "./client/Inspection.ts"
import type { Reason } from "./client/Reason.ts"
import * as Lease from "./Lease.ts"
import { isFenced } from "./wire/Produce.ts"

export interface Options {
  readonly group: string
  /** Milliseconds after which the coordinator forgets a member that is silent. */
  readonly sessionTimeout: number
  readonly log: EventLog["Service"]
}

const rebalances = Metric.counter("courant_kafka_rebalances_total", {
  description: "Times that this processor joined its group anew, because another member had come or gone.",
  incremental: true
})

/** Takes the place, from whoever has it. */
export const enter = Effect.fnUntraced(function*({ group, log, sessionTimeout }: Options) {
  const connection = yield* Connection
  const { retry } = connection.retryPolicy
  const logs = sourcesOf(log).map(({ log }) => log)
  const { ask, beNew, join } = memberOf(connection.client, { group, logs, sessionTimeout })
  const lost = yield* Deferred.make<never, KafkaError>()
  // One request after the other: what was written down while another request re-joins would name a past generation.
  const { withPermit: alone } = yield* Semaphore.make(1)
  const offsets = new OwnOffsets()
  const committed = Effect.provideService(committedOf(group, logs), Connection, connection)

  /** Fails where another has taken the name. There is nothing to lose before anything is done. */
  let confirm: Effect.Effect<void, KafkaError> = Effect.void
  /** Fails with a refusal where there is a successor: whoever has none joins anew. */
  let doubt = (refusal: KafkaError): Effect.Effect<void, KafkaError> =>
    Effect.provideService(silence({ group, topic: log.topic }, refusal), Connection, connection)
  /** Joins, and where it is refused and has no successor once more, as a newcomer. */
  const insist = (joining: typeof join): typeof join =>
    Effect.catchIf(joining, isLost, (refusal) => doubt(refusal).pipe(Effect.andThen(beNew), Effect.andThen(insist(joining))))

  /** Whether the coordinator has forgotten this member, and it has not come back since as a whole. */
  let isAway = false
  /** The place is free again: it is taken, unless it was somebody else's in between. */
  const comeBack = Effect.gen(function*() {
    if (!offsets.include(yield* committed)) return yield* takenOver(group)
    yield* Effect.logWarning(`the group ${group} had forgotten this processor, and nobody has taken its place: it goes on`)
    yield* insist(Effect.andThen(beNew, join))
    // After that, since another may have come and gone just before.
    yield* Effect.catchIf(confirm, isFenced, () => Effect.fail(takenOver(group)))
    isAway = false
  })

  /** Another kind of member has come or gone: the place is kept in a new generation, at the cost of joining again. */
  const inGeneration = (request: (member: Group.Member) => Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.suspend(() => isAway ? comeBack : Effect.void).pipe(
      Effect.andThen(ask(request, errorOf)),
      Effect.tapError((error) => isRebalance(error) ? Effect.andThen(join, Metric.update(rebalances, 1)) : Effect.void),
      Effect.tapError((error) => Effect.sync(() => { isAway ||= isForgotten(error) })),
      Effect.retry({ while: (error) => isRebalance(error) || isForgotten(error), schedule: Schedule.spaced(rejoinEvery) }),
      retry,
      alone,
      Effect.tapError((error) => isLost(error) ? Deferred.fail(lost, error) : Effect.void),
      Effect.asVoid
    )

  // It may be forgotten before it has come in.
  yield* insist(retry(Effect.retry(join, { while: isForgotten, schedule: Schedule.spaced(rejoinEvery) })))
  offsets.begin(yield* committed)
  // From now on it is there to be read.
  yield* Metric.update(rebalances, 0)
  return {
    /** Fails if another has taken the place, and ends `lost` then. */
    check: inGeneration(Group.heartbeat, Group.errorOf),
    commit: (all: ReadonlyArray<number>) => {
      const bySource = logs.map(({ partitions }, source) => ofSource(all, source, logs.length).slice(0, partitions))
      const commits = Effect.forEach(logs, ({ topic }, source) =>
        inGeneration((member) => Group.commit(member, topic, bySource[source]!), Group.commitErrorOf), { discard: true })
      return offsets.commit(numbered<number | null>(bySource, null), commits)
    },
    /** From now on something is done under the group's name: what fails where another has taken it. */
    confirmBy: (holdsName: Effect.Effect<void, KafkaError>) => {
      confirm = holdsName
      doubt = (refusal) => Effect.catchIf(confirm, isFenced, () => Effect.fail(refusal))
    },
    lost
  }
})

/** How the member speaks to its coordinator: who it is there changes as it joins. */
const memberOf = (client: Client, { group, logs, sessionTimeout }: Pick<Options, "group" | "sessionTimeout"> & {
  readonly logs: ReadonlyArray<Group.Assigned>
}) => {
  const newcomer: Group.Member = { group, instance: "processor", id: "", generation: -1 }
  let member = newcomer
  const ask = (request: (member: Group.Member) => Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.suspend(() => {
      const asked = request(member)
      return Effect.tap(client.askCoordinator(group, asked), (body) => fail(group, asked.apiName, errorOf(body)))
    })
  const beNew = Effect.sync(() => { member = newcomer })
  const topics = logs.map(({ topic }) => topic)
  const timeouts = { session: sessionTimeout, rebalance: sessionTimeout }
  const join = Effect.gen(function*() {
    const answer = Group.joined(yield* ask((member) => Group.join(member, topics, timeouts), (body) => Group.joined(body).errorCode))
    member = { ...member, id: answer.memberId, generation: answer.generation }
    yield* ask((member) => Group.sync(member, logs), Group.errorOf)
  }).pipe(Effect.tapError((error) => isForgotten(error) ? beNew : Effect.void))
  return { ask, beNew, join }
}

/**
 * The offsets that were committed last, and those that were sent after them and maybe not answered, of which any may have
 * come through. Whoever takes the place and gets anything done replaces them.
 */
class OwnOffsets {
  #known: ReadonlyArray<ReadonlyArray<number | null>> = []
  // One commit after the other: none of a former run comes through after those of the next.
  readonly #turn = Semaphore.makeUnsafe(1)

  begin(found: ReadonlyArray<number | null>): void {
    this.#known = [found]
  }

  commit(offsets: ReadonlyArray<number | null>, commits: Effect.Effect<void, KafkaError>): Effect.Effect<void, KafkaError> {
    return Effect.suspend(() => {
      this.#known = [...this.#known, offsets]
      return Effect.map(commits, () => this.begin(offsets))
    }).pipe(this.#turn.withPermit)
  }

  /** Whether what is found was committed by this member, in each partition. */
  include(found: ReadonlyArray<number | null>): boolean {
    return found.every((offset, partition) => this.#known.some((offsets) => offsets[partition] === offset))
  }
}

/** The offsets that the group has committed of all topics, in the numbering of the log. */
const committedOf = (group: string, logs: ReadonlyArray<Group.Assigned>) =>
  Effect.map(
    Effect.forEach(logs, ({ partitions, topic }) => Inspection.committed(group, topic, partitions)),
    (all) => numbered(all, null)
  )

/** Fails with a refusal where somebody says to be active, and ends where for a while nobody has. */
const silence = Effect.fnUntraced(function*(place: Lease.Options, refusal: KafkaError) {
  yield* Lease.awaitFree({ ...place, hasLost: true, isPatient: false, onHolder: () => Effect.void }).pipe(
    Effect.catchIf(({ reason }) => reason?._tag === "place-held", () => Effect.fail(refusal))
  )
  yield* Effect.logWarning(`the group ${place.group} has named another processor, and none says that it is active: this one joins again`)
})

/** The protocol calls it FENCED_INSTANCE_ID. */
const placeLost: Reason = { _tag: "place-lost" }

/** Two re-joins are at least so many milliseconds apart. */
const rejoinEvery = 20

/**
 * The group is in another generation or on its way to one. The coordinator looks first at whose place it is, so whoever
 * hears this still has it.
 */
const isRebalance = ({ code }: KafkaError): boolean => code === "REBALANCE_IN_PROGRESS" || code === "ILLEGAL_GENERATION"

const isLost = ({ reason }: KafkaError): boolean => reason?._tag === "place-lost"

const isForgotten = ({ code }: KafkaError): boolean => code === "UNKNOWN_MEMBER_ID"

/** https://kafka.apache.org/protocol#protocol_error_codes */
const passing: { readonly [code: number]: string } = {
  14: "COORDINATOR_LOAD_IN_PROGRESS",
  15: "COORDINATOR_NOT_AVAILABLE",
  16: "NOT_COORDINATOR",
  22: "ILLEGAL_GENERATION",
  27: "REBALANCE_IN_PROGRESS"
}

/** What ends the processor, and which of it means that the place is lost. */
const final: { readonly [code: number]: { readonly code: string; readonly message: (group: string) => string; readonly reason?: Reason } } = {
  23: {
    code: "INCONSISTENT_GROUP_PROTOCOL",
    message: (group) =>
      `other consumers are members of the group ${group}, which is courant's own; stop them and start again`
  },
  25: { code: "UNKNOWN_MEMBER_ID", message: (group) => `the group ${group} no longer knows this processor` },
  82: {
    code: "FENCED_INSTANCE_ID",
    message: (group) => `another processor has taken over the group ${group}; this one stops`,
    reason: placeLost
  }
}

const takenOver = (group: string): KafkaError =>
  new KafkaError({
    message: `another processor has had the place of this one in the group ${group}; this one stops`,
    reason: placeLost,
    retriable: false,
    code: null
  })

const fail = (group: string, request: string, errorCode: number): Effect.Effect<void, KafkaError> => {
  if (errorCode === 0) return Effect.void
  const last = final[errorCode]
  if (last !== undefined) {
    const { code, message, reason } = last
    return Effect.fail(new KafkaError({ message: message(group), retriable: false, code, ...(reason === undefined ? {} : { reason }) }))
  }
  const code = passing[errorCode] ?? null
  return Effect.fail(new KafkaError({
    message: `the group ${group}: ${request} failed with ${code ?? `error ${errorCode}`}`,
    retriable: code !== null,
    code
  }))
}
