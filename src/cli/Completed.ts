/** Texts of any sort, for which a shell completes names or paths: a name is not the only thing that may stand there. */
import { Effect } from "effect"
import { Argument, Flag, Param, Primitive } from "effect/cli"

/** The values that a shell offers, of which none has to be taken. */
export type Offered = ReadonlyArray<string> | "file" | "directory"

export const flag = (name: string, offered: Offered): Flag.Flag<string> => Param.makeSingle({ kind: "flag", name, primitiveType: textOf(offered) })

export const argument = (name: string, offered: Offered): Argument.Argument<string> =>
  Param.makeSingle({ kind: "argument", name, primitiveType: textOf(offered) })

/**
 * What is completed follows from the sort of a value. This one has that sort, and takes any text as it is. Help would list names
 * as the only choices, so they are there for the shell alone.
 */
const textOf = (offered: Offered): Primitive.Primitive<string> => {
  if (!isForShell) return Primitive.String
  const sort = typeof offered === "string" ? Primitive.Path(offered) : Primitive.Choice(offered.map((name) => [name, name]))
  return Object.assign(sort, { parse: (text: string) => Effect.succeed(text) })
}

const isForShell = process.argv.some((argument) => argument === "--completions" || argument.startsWith("--completions="))
