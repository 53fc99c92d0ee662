/**
 * Apache Kafka 4 that lets in only whom it knows: over TLS, by SASL/SCRAM, SASL/PLAIN, a bearer token or a client certificate.
 * A token is a JWT without a signature, as Kafka takes them where nobody tells it whose signatures count. The password is
 * drawn when its data folder is made; the certificates are made at each start.
 */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Secret from "../tool/Secret.ts"
import type { Place, Service } from "../tool/Service.ts"
import * as Broker from "./broker.ts"
import * as Certificates from "./certificates.ts"
import * as Kraft from "./kraft.ts"
import * as Probe from "./probe.ts"

type Ports = "broker" | "mutual" | "controller"

/** `brokers` asks for user and password, `mutual` for the client certificate; `ca`, `cert` and `key` are PEM files. */
export type Access = Broker.Access & {
  readonly username: string
  readonly password: string
  readonly ca: string
  readonly mutual: string
  readonly cert: string
  readonly key: string
}

export const kafkaSecure: Service<Ports, Access> = {
  name: "kafka-secure",
  summary: "Apache Kafka 4.4.0, one node, KRaft; TLS with SCRAM-SHA-512, SCRAM-SHA-256, PLAIN, OAUTHBEARER or a client certificate",
  ports: ["broker", "mutual", "controller"],
  access: (ports, folder) => {
    const { ca, clientCert, clientKey } = Certificates.filesIn(tlsIn(folder))
    const mutual = `127.0.0.1:${ports.mutual}`
    const password = Secret.of(folder, "password")
    return { ...Broker.access(ports), username, password, ca, mutual, cert: clientCert, key: clientKey }
  },
  prepare: Effect.fnUntraced(function*(place) {
    const certificates = yield* Certificates.make("kafka-secure", tlsIn(place.folder))
    const account = `[name=${username},password=${Secret.of(place.folder, "password")}]`
    return yield* Kraft.prepare(place, {
      name: "kafka-secure",
      settings: settings(place, certificates, Secret.of(place.folder, "password")),
      format: scram.flatMap((mechanism) => ["--add-scram", `${mechanism}=${account}`]),
      ready: Probe.ready(place.ports.mutual, {
        ca: readFileSync(certificates.ca),
        cert: readFileSync(certificates.clientCert),
        key: readFileSync(certificates.clientKey)
      })
    })
  })
}

const username = "courant"

const scram = ["SCRAM-SHA-256", "SCRAM-SHA-512"]

/** What the broker asks for by each mechanism. The login of its own that a token's module wants is never used. */
const modules = (password: string): { readonly [mechanism: string]: string } => ({
  ...Object.fromEntries(scram.map((mechanism) => [mechanism, "scram.ScramLoginModule required"])),
  PLAIN: `plain.PlainLoginModule required user_${username}="${password}"`,
  OAUTHBEARER: `oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"`
})

const tlsIn = (folder: string): string => join(folder, "tls")

/** Brokers and controllers speak among themselves with the certificate of the server. */
const settings = ({ ports }: Place<Ports>, { ca, server }: Certificates.Certificates, password: string) => ({
  "listeners":
    `SASL_SSL://127.0.0.1:${ports.broker},SSL://127.0.0.1:${ports.mutual},CONTROLLER://127.0.0.1:${ports.controller}`,
  "advertised.listeners": `SASL_SSL://127.0.0.1:${ports.broker},SSL://127.0.0.1:${ports.mutual}`,
  "inter.broker.listener.name": "SSL",
  "listener.security.protocol.map": "CONTROLLER:SSL,SSL:SSL,SASL_SSL:SASL_SSL",
  "ssl.keystore.type": "PEM",
  "ssl.keystore.location": server,
  "ssl.truststore.type": "PEM",
  "ssl.truststore.location": ca,
  "ssl.client.auth": "required",
  "listener.name.sasl_ssl.ssl.client.auth": "none",
  "sasl.enabled.mechanisms": Object.keys(modules(password)).join(","),
  ...Object.fromEntries(Object.entries(modules(password)).map(([mechanism, module]) => [
    `listener.name.sasl_ssl.${mechanism.toLowerCase()}.sasl.jaas.config`,
    `org.apache.kafka.common.security.${module};`
  ]))
})
