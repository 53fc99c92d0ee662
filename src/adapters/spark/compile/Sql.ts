/** Texts of Spark SQL. */

/** A literal. Spark reads escapes in it, as it does unless `spark.sql.parser.escapedStringLiterals` is set. */
export const text = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`

export const and = (conditions: ReadonlyArray<string>): string => joined(conditions, " AND ", "true")

export const or = (conditions: ReadonlyArray<string>): string => joined(conditions, " OR ", "false")

const joined = (conditions: ReadonlyArray<string>, by: string, nothing: string): string =>
  conditions.length === 0 ? nothing : conditions.length === 1 ? conditions[0]! : `(${conditions.join(by)})`

/** A double of any size. */
export const double = (value: number): string => `CAST('${value}' AS DOUBLE)`

export const infinity = "CAST('Infinity' AS DOUBLE)"

export const milliseconds = (millis: number): string => text(`${millis} milliseconds`)
