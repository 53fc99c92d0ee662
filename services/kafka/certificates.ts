/**
 * Certificates of a server on this machine and of a client of it, under an authority that is made with them: nothing
 * else has been signed by it, and nothing else will be. All are PEM files.
 */
import { Effect } from "effect"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Guarded from "../tool/Guarded.ts"
import { problem } from "../tool/Problem.ts"
import * as Programs from "../tool/Programs.ts"

/** Paths of files. */
export interface Certificates {
  readonly ca: string
  /** Key and certificate in one file, as Kafka wants them. */
  readonly server: string
  readonly clientCert: string
  readonly clientKey: string
}

/** Where {@link make} puts them. */
export const filesIn = (folder: string): Certificates => ({
  ca: join(folder, "ca.pem"),
  server: join(folder, "server-and-key.pem"),
  clientCert: join(folder, "client.pem"),
  clientKey: join(folder, "client.key")
})

/** Makes them in a folder that only its owner may enter; those of an earlier start, which may expire, are replaced. */
export const make = Effect.fnUntraced(function*(service: string, folder: string) {
  if (!Programs.isOnPath("openssl")) {
    return yield* problem(
      `${service} makes its certificates with OpenSSL, and there is no openssl on the PATH: ` +
        "install it (Debian: apt-get install openssl; macOS: brew install openssl)"
    )
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const at = (name: string) => join(folder, name)
  const openssl = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
    const { code } = yield* Guarded.complete(["openssl", ...args], at("openssl.log"))
    if (code !== 0) return yield* problem(`OpenSSL could not make certificates; its log is ${at("openssl.log")}`)
  })
  writeFileSync(at("openssl.cnf"), configuration)
  const keyed = (name: string) => [
    "-config",
    at("openssl.cnf"),
    "-subj",
    `/CN=courant ${name}`,
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    at(`${name}.key`)
  ]
  yield* openssl("req", "-x509", ...keyed("ca"), "-extensions", "ca", ...lifetime, "-out", at("ca.pem"))
  for (const name of ["server", "client"]) {
    yield* openssl("req", "-new", ...keyed(name), "-out", at(`${name}.csr`))
    const signed = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-in", at(`${name}.csr`)]
    const extended = ["-extfile", at("openssl.cnf"), "-extensions", name]
    yield* openssl("x509", "-req", ...signed, ...extended, ...lifetime, "-out", at(`${name}.pem`))
  }
  // Whatever else it could sign would be trusted.
  rmSync(at("ca.key"))
  const files = filesIn(folder)
  const both = ["server.key", "server.pem"].map((name) => readFileSync(at(name), "utf8")).join("")
  writeFileSync(files.server, both, { mode: 0o600 })
  return files
})

const lifetime = ["-days", "365"]

/** Clients check that the server's certificate is for the host that they connect to. See openssl's `x509v3_config`. */
const configuration = `
[req]
prompt = no
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth, clientAuth
[client]
extendedKeyUsage = clientAuth
`
