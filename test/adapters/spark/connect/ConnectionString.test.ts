/** Addresses of Spark Connect servers, as clients of Spark write them. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { parse, type Remote } from "../../../../src/adapters/spark/connect/ConnectionString.ts"

const shown = ({ token, ...rest }: Remote) => ({ ...rest, ...(token === undefined ? {} : { token: Redacted.value(token) }) })

const read = (text: string) => shown(Result.getOrThrowWith(parse(text), (why) => new Error(why)))

describe("an address", () => {
  it.each([
    ["127.0.0.1:15002", { host: "127.0.0.1", port: 15_002, headers: {} }],
    ["[::1]:7077", { host: "::1", port: 7_077, headers: {} }],
    ["sc://spark.example", { host: "spark.example", port: 15_002, headers: {} }],
    ["sc://spark.example:443/", { host: "spark.example", port: 443, headers: {} }],
    ["sc://h:1/;use_ssl=true;token=a%3Bb=;user_id=me", { host: "h", port: 1, headers: {}, useSsl: true, token: "a;b=", user: "me" }],
    ["sc://h:1/;use_ssl=False", { host: "h", port: 1, headers: {}, useSsl: false }],
    [
      "sc://dbc.cloud.example:443/;token=t;x-databricks-cluster-id=1009-abc;X-Other=%20;session_id=6f1f1c0e-8a3c-4e4e-9f5e-2d8f3b1f0a11",
      {
        host: "dbc.cloud.example",
        port: 443,
        token: "t",
        sessionId: "6f1f1c0e-8a3c-4e4e-9f5e-2d8f3b1f0a11",
        headers: { "x-databricks-cluster-id": "1009-abc", "x-other": " " }
      }
    ],
    ["sc://h/;user_agent=me;grpc_max_message_size=1024", { host: "h", port: 15_002, headers: {} }]
  ])("%s is read", (text, expected) => {
    assert.deepStrictEqual(read(text), expected)
  })

  it.each([
    ["", /give sc:/],
    ["spark", /give sc:/],
    ["spark:1/;use_ssl=true", /give sc:/],
    ["http://spark:15002", /give sc:/],
    ["sc://", /give sc:/],
    ["sc://a b:1", /comes/],
    ["sc://h:99999", /no port 99999/],
    ["sc://h:1/path", /comes/],
    ["sc://h:1;use_ssl=true", /comes/],
    ["sc://h:1/;use_ssl=yes", /true or false, and not "yes"/],
    ["sc://h:1/;tokn=s3cret", /no parameter tokn: there are token, /],
    ["sc://h:1/;token", /NAME=VALUE/],
    ["sc://h:1/;token=%zzs3cret", /value of token is not percent-encoded/],
    ["sc://h:1/;session_id=1", /session_id is a UUID/]
  ])("%s is none, and what is secret is in no message", (text, why) => {
    const said = Result.match(parse(text), { onSuccess: () => "", onFailure: (why) => why })
    assert.match(said, why)
    assert.notInclude(said, "s3cret")
  })
})
