/** How to reach the brokers, and the client that does. */
import { Context, Duration, Effect, Layer, type Redacted } from "effect"
import { type Client, KafkaError } from "./Client.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import * as ConnectionDiagnosis from "./ConnectionDiagnosis.ts"

export interface Options {
  /** `host:port`, some of the cluster; the others are learnt from them. */
  readonly brokers: ReadonlyArray<string>
  /** How the broker's logs and quotas call this client; `courant` unless told. */
  readonly clientId?: string
  /** TLS, with the certificates that Node.js trusts; the server's certificate is always checked. */
  readonly tls?: Tls | undefined
  readonly sasl?: Sasl | undefined
  /** For how long a broker may be away at the start; half a minute unless told. Later it may be away for ever. */
  readonly connectTimeout?: Duration.Input | undefined
  /** Over which library: both keep the same promises; the faster, `platformatic`, unless told. */
  readonly library?: "kafkajs" | "platformatic" | undefined
}

/** PEM texts: an authority of one's own, and a client certificate where the brokers want one. */
export interface Tls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: Redacted.Redacted | undefined
}

/** Who we are (https://kafka.apache.org/documentation/#security_sasl). */
export type Sasl = Account | Bearer

/** A user by SASL/SCRAM, or by SASL/PLAIN, which sends the password as it is: over TLS only, where others may read it. */
export interface Account {
  readonly mechanism: "scram-sha-256" | "scram-sha-512" | "plain"
  readonly username: string
  readonly password: Redacted.Redacted
}

/** SASL/OAUTHBEARER. A token expires, so each connection asks for one. */
export interface Bearer {
  readonly mechanism: "oauthbearer"
  readonly token: () => Promise<Redacted.Redacted>
}

/** The connection that the layers of this adapter share. */
export class Connection extends Context.Service<Connection, {
  readonly brokers: string
  readonly client: Client
  readonly retryPolicy: RetryPolicy.RetryPolicy
}>()("courant/kafka/Connection") {
  /** Fails where no broker answers in time, or where one refuses. */
  static readonly layer = (options: Options): Layer.Layer<Connection, KafkaError> => Layer.effect(Connection, make(options))
}

const make = Effect.fnUntraced(function*(options: Options) {
  const brokers = options.brokers.join(",")
  const retryPolicy = RetryPolicy.make(brokers)
  const connectTimeout = Duration.fromInputUnsafe(options.connectTimeout ?? "30 seconds")
  // Each takes hundreds of modules to load.
  const { make: open } = yield* Effect.promise(() =>
    options.library === "kafkajs" ? import("./KafkajsClient.ts") : import("./PlatformaticClient.ts"))
  const client = yield* open(options, retryPolicy)
  yield* client.connect.pipe(
    Effect.catch((error) => Effect.flatMap(ConnectionDiagnosis.explain(options, error), Effect.fail)),
    retryPolicy.within(connectTimeout),
    Effect.mapError((error) =>
      error.retriable
        ? new KafkaError({
          code: error.code,
          retriable: false,
          cause: error,
          message: `no Kafka broker at ${brokers} answered within ${Duration.format(connectTimeout)} (${error.message}); ` +
            "check the address and that the broker runs"
        })
        : error
    )
  )
  return Connection.of({ brokers, client, retryPolicy })
})
