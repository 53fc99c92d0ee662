/** Mistakes in the fence, in the membership and in the lease for the simulation of a group to find. */
import { type Planted, planted } from "./planted.ts"

export const mistakes: ReadonlyArray<Planted> = [
  ...planted("adapters/kafka/Membership.ts", [
    [
      "the place is taken back whoever has had it",
      `    if (!offsets.include(yield* committed)) return yield* takenOver(group)
    yield* Effect.logWarning(\`the group \${group} had forgotten this processor, and nobody has taken its place: it goes on\`)
    yield* insist(Effect.andThen(beNew, join))
    // After that, since another may have come and gone just before.
    yield* Effect.catchIf(confirm, isFenced, () => Effect.fail(takenOver(group)))
`,
      "    yield* Effect.andThen(beNew, join)\n"
    ],
    ["a coordinator that remembers the former is believed", "insist(retry(", "(retry("],
    ["who is refused joins again, and does not ask for a successor", "(refusal) => doubt(refusal).pipe(", "() => Effect.sleep(rejoinEvery).pipe("],
    ["nobody joins again after REBALANCE_IN_PROGRESS", "code === \"REBALANCE_IN_PROGRESS\" || code === \"ILLEGAL_GENERATION\"", "code === \"ILLEGAL_GENERATION\""],
    ["an old generation is kept", "generation: answer.generation }", "generation: Math.max(1, member.generation) }"],
    ["a place that is lost ends the process", "    reason: placeLost,\n    retriable", "    retriable"],
    ["a broker that moves the group ends the process", "    retriable: code !== null,\n", "    retriable: false,\n"]
  ]),
  ...planted("adapters/kafka/Fence.ts", [
    ["offsets are committed before the checkpoint is saved", "          yield* store.save(name, part)\n          yield* guarded(fence.commit(part.head.offsets))", "          yield* guarded(fence.commit(part.head.offsets))\n          yield* store.save(name, part)"],
    ["the name of the group is not taken", "client.takeOver(group, own)", "Effect.succeed(client.produce)"],
    ["whose the place is is not looked at after the name was taken", "const taken = Effect.tap(take, check)", "const taken = take"],
    ["the name is taken again, and not asked whose the place is", "      yield* check\n      write = yield* taken", "      write = yield* take"],
    ["the place is not given back", "isLost ? Effect.void : briefly(lease.giveBack)", "isLost ? Effect.void : Effect.void"],
    [
      "a lease is renewed after the place was given back",
      `  // This has ended when the place is given back, and nobody says afterwards that it is held.
  yield* Effect.forkScoped(Effect.catch(lease.renewing, (error) => Deferred.fail(lost, error)))
`,
      "  yield* Effect.forkDetach(Effect.catch(lease.renewing, (error) => Deferred.fail(lost, error)))\n"
    ],
    ["a lease is renewed by who has lost the place", "topic: log.topic }, produce, lost)", "topic: log.topic }, client.produce, lost)"]
  ]),
  ...planted("adapters/kafka/Lease.ts", [
    [
      "a lease runs out by the wall clock",
      "const isOver = Effect.map(MonotonicTime.millis, (now) => {",
      "const isOver = Effect.map(Effect.all([MonotonicTime.millis, Clock.currentTimeMillis]), ([now, wall]) => {\n    if (holder !== null && wall - holder.renewed > holder.timeout) return true"
    ],
    ["who does not reach the broker counts the silence", " && now - answeredAt < promptly)", ")"],
    ["who has just lost the place tries again at once", "if (hasLost && heard === beginning && now - begun <= timeout) return false", ""],
    ["leases are renewed too seldom", "Math.min(timeout / renewals, 1_000)", "timeout * renewals"],
    ["a lease never runs out", "(now - heardAt > timeout &&", "(now - heardAt > timeout * 1_000 &&"]
  ])
]
