/** What brokers have in common, whoever keeps their metadata. */

/** `brokers` is what clients call the bootstrap servers: `HOST:PORT`. */
export type Access = { readonly brokers: string }

export const access = ({ broker }: { readonly broker: number }): Access => ({ brokers: `127.0.0.1:${broker}` })

/** Topics of its own have one partition and one replica, and groups start without waiting for more members. */
export const oneNode = {
  "auto.create.topics.enable": "false",
  "offsets.topic.num.partitions": "1",
  "offsets.topic.replication.factor": "1",
  "transaction.state.log.num.partitions": "1",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "group.initial.rebalance.delay.ms": "0"
}

/** In the format of Java's properties, in which a backslash escapes what follows it. */
export const toProperties = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings).map(([name, value]) => `${name}=${escape(value)}\n`).join("")

const escape = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
