/**
 * How Spark reaches the brokers: with what this process reaches them. The secrets among these options travel inside the
 * plan to Spark's server, which no environment variable of ours reaches.
 *
 * Sources: https://spark.apache.org/docs/4.0.0/streaming/structured-streaming-kafka-integration.html#kafka-specific-configurations
 * and https://kafka.apache.org/39/documentation.html#consumerconfigs for what follows `kafka.`
 */
import { Redacted } from "effect"
import { createPrivateKey } from "node:crypto"
import type { Account, Options, Tls } from "../../adapters/kafka/client/Connection.ts"

/** What Spark can be given: its clients are in processes of its own, to which our tokens do not come. */
export type Brokers = Omit<Options, "sasl"> & { readonly sasl?: Account | undefined }

/** Options of Spark's Kafka source and sink. */
export const sparkOptionsOf = ({ brokers, sasl, tls }: Brokers): Readonly<Record<string, string>> => ({
  "kafka.bootstrap.servers": brokers.join(","),
  "kafka.security.protocol": `${sasl === undefined ? "" : "SASL_"}${tls === undefined ? "PLAINTEXT" : "SSL"}`,
  ...(tls === undefined ? {} : tlsOf(tls)),
  ...(sasl === undefined ? {} : saslOf(sasl))
})

/** Without an authority of one's own those that Spark's Java trusts count, as those of Node.js do here. */
const tlsOf = ({ ca, cert, key }: Tls): Readonly<Record<string, string>> => ({
  ...(ca === undefined ? {} : { "kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.certificates": ca }),
  ...(cert === undefined || key === undefined ? {} : {
    "kafka.ssl.keystore.type": "PEM",
    "kafka.ssl.keystore.certificate.chain": cert,
    // Kafka reads PKCS #8 only; Node.js, which has read it before, other forms as well.
    "kafka.ssl.keystore.key": String(createPrivateKey(Redacted.value(key)).export({ type: "pkcs8", format: "pem" }))
  })
})

const saslOf = ({ mechanism, password, username }: Account): Readonly<Record<string, string>> => ({
  "kafka.sasl.mechanism": mechanism.toUpperCase(),
  "kafka.sasl.jaas.config": `org.apache.kafka.common.security.${mechanism === "plain" ? "plain.Plain" : "scram.Scram"}LoginModule required ` +
    `username=${quoted(username)} password=${quoted(Redacted.value(password))};`
})

/** As Java's StreamTokenizer reads a text in quotes: a backslash escapes, and a line break would end it. */
const quoted = (text: string): string =>
  `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`
