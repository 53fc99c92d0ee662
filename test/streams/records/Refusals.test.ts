/** A record that is refused says why, in a sentence with the field and what stood there. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { Price } from "../../../src/domain/Tick.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"
import { refusalOf } from "../../../src/streams/records/AppendClock.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { Decoder } from "../../../src/streams/records/Decoder.ts"
import { Reason, type Refusal } from "../../../src/streams/records/Refusal.ts"

const { definition } = Source.make("orders", {
  schema: Schema.Struct({
    shop: Schema.optional(Schema.String),
    at: Schema.optional(Schema.String),
    total: Schema.optional(Decimal.Decimal({ scale: 2, limit: 1_000 })),
    count: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 }))),
    least: Schema.optional(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))),
    won: Schema.optional(Price),
    paid: Schema.optional(Schema.Boolean),
    side: Schema.optional(Schema.Literals(["buy", "sell"])),
    code: Schema.optional(Schema.NonEmptyString),
    place: Schema.optional(Schema.Struct({ city: Schema.String, street: Schema.optional(Schema.Struct({ name: Schema.String })) }))
  }),
  key: "shop",
  eventTime: { iso8601: "at" }
})

const refusal = (text: string): Refusal | null => {
  const dictionary = new Batch.Dictionary()
  const bytes = new TextEncoder().encode(text)
  return new Decoder(definition, dictionary).decode(bytes, 0, bytes.length, Batch.make(definition, dictionary, 0, 1))
}

const order = (members: string): string => `{"shop":"A","at":"2024-11-25T14:30:00Z",${members}}`

describe("a record", () => {
  const long = "x".repeat(70)
  it.each([
    ["", "empty", "the record has no value"],
    ["{", "not-json", "the record is not JSON in UTF-8"],
    [order(`"paid":falsy`), "not-json", "the record is not JSON in UTF-8"],
    [order(`"code":""`), "invalid-field", "\"code\" is empty, which its schema does not accept"],
    [order(`"side":""`), "invalid-field", "\"side\" is \"\", not one of \"buy\", \"sell\""],
    [order(`"paid":1234e`), "not-json", "the record is not JSON in UTF-8"],
    [order(`"paid":trues`), "not-json", "the record is not JSON in UTF-8"],
    [order(`"paid":nulls`), "not-json", "the record is not JSON in UTF-8"],
    [order(`"count":1e`), "not-json", "the record is not JSON in UTF-8"],
    ["[]", "not-json", "the record is not a JSON object"],
    ["null", "not-json", "the record is not a JSON object"],
    ["1e2", "not-json", "the record is not a JSON object"],
    [`{"at":"2024-11-25T14:30:00Z"}`, "no-key", "the key \"shop\" is missing or null"],
    [`{"shop":"A"}`, "missing-field", "the event time \"at\" is missing or null"],
    [`{"shop":"A","at":null}`, "missing-field", "the event time \"at\" is missing or null"],
    [`{"shop":"A","at":"noon"}`, "invalid-field", "\"at\" is \"noon\", not a time such as 2024-11-25T14:30:00.123Z, with Z or an offset"],
    [`{"shop":"A","at":5}`, "invalid-field", "\"at\" is 5, not a time such as 2024-11-25T14:30:00.123Z, with Z or an offset"],
    [order(`"total":1.234`), "invalid-field", "\"total\" is 1.234, not a decimal with at most 2 decimals and a magnitude of at most 1000"],
    [order(`"total":1001`), "invalid-field", "\"total\" is 1001, not a decimal with at most 2 decimals and a magnitude of at most 1000"],
    [order(`"total":1.00000000000000001e0`), "invalid-field",
      "\"total\" is 1.00000000000000001e0, not a decimal with at most 2 decimals and a magnitude of at most 1000"],
    [order(`"total":true`), "invalid-field", "\"total\" is true, not a decimal with at most 2 decimals and a magnitude of at most 1000"],
    [order(`"count":10`), "invalid-field", "\"count\" is 10, not an integer from 1 to 9"],
    [order(`"count":1.5`), "invalid-field", "\"count\" is 1.5, not an integer from 1 to 9; a field of decimals is a Decimal of its schema"],
    [order(`"count":1e-8`), "invalid-field", "\"count\" is 1e-8, not an integer from 1 to 9; a field of decimals is a Decimal of its schema"],
    [order(`"least":-1`), "invalid-field", "\"least\" is -1, not a number"],
    [order(`"paid":"true"`), "invalid-field", "\"paid\" is \"true\", not true or false"],
    [order(`"side":"hold"`), "invalid-field", "\"side\" is \"hold\", not one of \"buy\", \"sell\""],
    [order(`"shop":"\\ud800"`), "invalid-field", "\"shop\" is \"\\ud800\", which has an unpaired surrogate"],
    [order(`"shop":1`), "invalid-field", "\"shop\" is 1, not an acceptable text"],
    [order(`"shop":["${long}"]`), "invalid-field", `"shop" is ["${"x".repeat(55)}..., not an acceptable text`],
    [order(`"paid":"${"x".repeat(58)}"`), "invalid-field", `"paid" is "${"x".repeat(58)}", not true or false`],
    [order(`"paid":"${"x".repeat(59)}"`), "invalid-field", `"paid" is "${"x".repeat(56)}..., not true or false`],
    [order(`"place":1`), "invalid-field", "\"place\" is 1, not an object"],
    [order(`"place":{}`), "missing-field", "the field \"place.city\" is missing"],
    [order(`"place":{"city":"B","street":[]}`), "invalid-field", "\"place.street\" is [], not an object"],
    [order(`"place":{"city":"B","street":{}}`), "missing-field", "the field \"place.street.name\" is missing"],
    [order(`"place":{"city":"B","street":"C"}`), "invalid-field", "\"place.street\" is \"C\", not an object"],
    [order(`"place":{"city":2}`), "invalid-field", "\"place.city\" is 2, not an acceptable text"]
  ] as const)("%s", (text, reason, detail) => {
    expect(refusal(text)).toEqual({ reason, detail })
  })

  it.each([
    ["163512345.50000001", "at most 7 decimals"],
    ["\"-163512345.50000001\"", "at most 7 decimals"],
    ["5700000000.255", "at most 2 decimals"],
    ["\"15000000000.5000001\"", "to be whole"]
  ])("of a price with more digits than are kept says how many decimals it may have: %s", (price, most) => {
    const detail = `"won" is ${price}, which has more digits than are kept exactly: so large a decimal ${most === "to be whole" ? "is" : "has"} ${most}`
    expect(refusal(order(`"won":${price}`))).toEqual({ reason: "invalid-field", detail })
  })

  it("has one of the reasons that are written into dead letters", () => {
    const reasons = ["not-json", "missing-field", "invalid-field", "no-key", "time-ahead", "not-milliseconds", "too-long", "empty", "late", "refused"]
    for (const reason of reasons) expect(Schema.is(Reason)(reason)).toBe(true)
    expect(Schema.is(Reason)("")).toBe(false)
  })

  it("that is as it should be is taken", () => {
    expect(refusal(order(`"count":1,"least":0,"total":"1e2","place":{"city":"B","street":{"name":"C"}}`))).toBeNull()
  })

  it("that lacks a field of its key, of several too, has no key", () => {
    const source = Source.make("orders", {
      schema: Schema.Struct({ shop: Schema.String, lot: Schema.optional(Schema.Int), at: Schema.Int }),
      key: ["shop", "lot"],
      eventTime: "at"
    }).definition
    const dictionary = new Batch.Dictionary()
    const decoder = new Decoder(source, dictionary)
    const batch = Batch.make(source, dictionary, 0, 3)
    const found = [`{"shop":"A","at":1}`, `{"shop":"A","lot":1,"at":1}`, `{"shop":"A","at":1}`].map((text) => {
      const bytes = new TextEncoder().encode(text)
      return decoder.decode(bytes, 0, bytes.length, batch)
    })
    const refused = { reason: "no-key", detail: "the key \"lot\" is missing or null" }
    expect(found).toEqual([refused, null, refused])
    expect(dictionary.textOf(batch.keys[0]!)).toBe("[\"A\",1]")
  })

  it("whose time may be without a zone says so", () => {
    const source = Source.make("orders", {
      schema: Schema.Struct({ shop: Schema.String, at: Schema.String }),
      key: "shop",
      eventTime: { iso8601: "at", withoutZone: "UTC" }
    }).definition
    const dictionary = new Batch.Dictionary()
    const bytes = new TextEncoder().encode(`{"shop":"A","at":"noon"}`)
    expect(new Decoder(source, dictionary).decode(bytes, 0, bytes.length, Batch.make(source, dictionary, 0, 1))?.detail)
      .toBe("\"at\" is \"noon\", not a time such as 2024-11-25T14:30:00.123Z, with or without its zone")
  })
})

it("a field that a source has not is named, with those that it has", () => {
  expect(() => Batch.indexOf(definition, "price")).toThrow(
    "the source \"orders\" has no field \"price\"; it has shop, at, total, count, least, won, paid, side, code, place.city, place.street.name"
  )
})

describe("a time", () => {
  const clock = Date.parse("2024-11-25T14:30:00Z")
  const hour = 3_600_000
  it.each([
    ["in seconds", clock / 1_000, "not-milliseconds", "its time 1732545000 looks like seconds: in milliseconds it is 1970-01-21T01:15:45.000Z, and the clock was at 2024-11-25T14:30:00.000Z"],
    ["in microseconds", clock * 1_000, "not-milliseconds", "its time 1732545000000000 looks like microseconds: in milliseconds it is +056872-03-01T04:00:00.000Z, and the clock was at 2024-11-25T14:30:00.000Z"],
    ["beyond what a date can name", 8_640_000_000_000_001, "time-ahead", "its time 8640000000000001 is ahead of the clock, which was at 2024-11-25T14:30:00.000Z"],
    ["the last that a date can name", 8_640_000_000_000_000, "time-ahead", "its time +275760-09-13T00:00:00.000Z is ahead of the clock, which was at 2024-11-25T14:30:00.000Z"],
    ["ahead of the clock", clock + hour + 1, "time-ahead", "its time 2024-11-25T15:30:00.001Z is ahead of the clock, which was at 2024-11-25T14:30:00.000Z"]
  ] as const)("%s", (_, time, reason, detail) => {
    expect(refusalOf(time, clock, -Infinity, hour)).toEqual({ reason, detail })
  })

  it("that is as far ahead as it may be is taken, and any by a clock that is none", () => {
    expect(refusalOf(clock + hour, clock, -Infinity, hour)).toBeNull()
    expect(refusalOf(1_732_545_000, 0, -Infinity, Infinity)).toBeNull()
  })

  it("near to the clock in another unit is refused, up to five years away", () => {
    const near = 5 * 365.25 * 24 * hour
    for (const by of [-near, near]) {
      expect(refusalOf((clock + by) / 1_000, clock, -Infinity, Infinity)?.reason).toBe("not-milliseconds")
      expect(refusalOf((clock + by + Math.sign(by) * 1_000) / 1_000, clock, -Infinity, Infinity)).toBeNull()
    }
  })

  it("in January of 1970 is history where its partition comes to it from at most two weeks before", () => {
    const seconds = clock / 1_000
    const twoWeeks = 14 * 24 * hour
    for (const latest of [seconds, seconds - twoWeeks, seconds + twoWeeks]) expect(refusalOf(seconds, clock, latest, hour)).toBeNull()
    expect(refusalOf(seconds, clock, seconds - twoWeeks - 1, hour)?.reason).toBe("not-milliseconds")
  })
})
