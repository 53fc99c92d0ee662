/** What to type where brokers do not do what is asked of them, into our command line or into Kafka's own tools. */
import type { Reason } from "../../adapters/kafka/client/Reason.ts"

export const of = (reason: Reason): string | undefined => {
  switch (reason._tag) {
    case "wants-tls":
      return "set COURANT_KAFKA_TLS=1"
    case "speaks-no-tls":
      return "unset COURANT_KAFKA_TLS, COURANT_KAFKA_CA and COURANT_KAFKA_CERT, or use a port with TLS"
    case "wants-certificate":
      return "set COURANT_KAFKA_CERT and COURANT_KAFKA_KEY"
    case "certificate-refused":
      return "set COURANT_KAFKA_CERT and COURANT_KAFKA_KEY to one that the brokers trust"
    case "certificate-untrusted":
      return "set COURANT_KAFKA_CA to the PEM file of the authority that signed it"
    case "wants-user":
      return "set COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD, or COURANT_KAFKA_TOKEN_FILE"
    case "knows-no-users":
      return "unset COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD"
    case "user-refused":
      return "check COURANT_KAFKA_USERNAME, COURANT_KAFKA_PASSWORD and COURANT_KAFKA_SASL"
    case "token-refused":
      return "check COURANT_KAFKA_TOKEN_FILE or COURANT_KAFKA_TOKEN_COMMAND"
    case "other-mechanism":
      return `set COURANT_KAFKA_SASL to one of them: ${reason.mechanisms.join(", ").toLowerCase()}`
    case "records-deleted":
      return `${reason.isSkippable ? "continue without them with --on-gap record, or " : ""}recompute everything from what is ` +
        "left with --restart"
    case "partitions-added":
      return "start again to read them too"
    case "place-held":
      return "stop it first; without --once and --restart a process waits until it can take over"
    case "place-lost":
      return undefined
    case "topic-made-anew":
    case "log-shrunk":
      return "recompute everything from what is left with --restart"
    default:
      return ofTopic(reason)
  }
}

type OfTopic = Extract<Reason, { readonly topic: string }>

const ofTopic = (reason: OfTopic): string => {
  const { brokers, topic } = reason
  switch (reason._tag) {
    case "topic-missing":
      return `create it, or write to it first with: courant ingest --log kafka --topic ${topic}`
    case "other-partitions": {
      const { existing, wanted } = reason
      return wanted < existing
        ? `fix it with: --partitions ${existing}`
        : `fix it with: kafka-topics.sh --bootstrap-server ${brokers} --alter --topic ${topic} --partitions ${wanted} ` +
          "(before the first record, since it moves keys to other partitions)"
    }
    case "record-too-large":
    case "other-settings":
      return `fix it with: ${alter(brokers, topic, reason.settings)}`
  }
}

/** The command that changes a topic's settings. */
export const alter = (brokers: string, topic: string, settings: Readonly<Record<string, string>>): string => {
  const config = Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(",")
  return `kafka-configs.sh --bootstrap-server ${brokers} --alter --entity-type topics --entity-name ${topic} --add-config ${config}`
}
