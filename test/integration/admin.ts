/** What a test does to a broker beside courant, with a client of the usual kind. */
import { type Duration, Effect, Schedule } from "effect"
import { type Admin, Kafka as Library, logLevel } from "kafkajs"

export const library = (brokers: string) => new Library({ brokers: [brokers], logLevel: logLevel.NOTHING })

export const withAdmin = <A>(brokers: string, use: (admin: Admin) => Promise<A>) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      const admin = library(brokers).admin()
      await admin.connect()
      return admin
    }),
    (admin) => Effect.promise(() => use(admin)),
    (admin) => Effect.promise(() => admin.disconnect())
  )

/** The offsets that tools see as done, one a partition; -1 where nothing has been committed. */
export const committed = (brokers: string, group: string, topic: string) =>
  withAdmin(brokers, async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return found?.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset)) ?? []
  })

/** As the coordinator calls it: `PreparingRebalance` where a generation is waited for. */
export const groupState = (brokers: string, group: string) =>
  withAdmin(brokers, async (admin) => (await admin.describeGroups([group])).groups[0]?.state)

/** Waits until it holds; what does not come to hold in five minutes, on however busy a machine, never will. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>, atMost: Duration.Input = "5 minutes") =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("20 millis") }),
    Effect.timeout(atMost)
  )
