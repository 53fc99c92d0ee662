/** The rows of a source as a stream brings them: what its Schema decodes to, with the fields of structs in their structs. */

/** Of a source's fields by their paths. One that may be absent may be left out, or be `null` or `undefined`, which is the same. */
export type StreamRow<R> = unknown extends R ? unknown
  : Flat<
    & { readonly [Name in Exclude<Outermost<R>, Omissible<R>>]: Field<R, Name> }
    & { readonly [Name in Omissible<R>]?: Field<R, Name> | null | undefined }
  >

type Flat<T> = { [K in keyof T]: T[K] } & {}

type Field<R, Name extends string> = Name extends keyof R ? R[Name] : StreamRow<Inside<R, Name>>

/** The first names of all paths. */
type Outermost<R> = keyof R & string extends infer Path ? Path extends `${infer Struct}.${string}` ? Struct : Path & string : never

/** Those that a row may lack: fields that may be absent, and structs in which every field may be. */
type Omissible<R> = Outermost<R> extends infer Name
  ? Name extends keyof R & string ? null extends R[Name] ? Name : never
  : Name extends string ? [Required<Inside<R, Name>>] extends [never] ? Name : never
  : never
  : never

type Required<R> = { readonly [Path in keyof R]: null extends R[Path] ? never : Path }[keyof R]

type Inside<R, Struct extends string> = {
  readonly [Path in keyof R as Path extends `${Struct}.${infer Rest}` ? Rest : never]: R[Path]
}

/** The rows of the sources that a pipeline reads; anything where its type does not say. */
export type RowsIn<Sources> = unknown extends Sources ? unknown : Sources[keyof Sources]

/** Nothing where rows are those of a source, else what is wrong with them in words, which ends the compiler's complaint. */
export type FitsSource<Row, R> = [Row] extends [StreamRow<R>] ? unknown : Misfits<Row, StreamRow<R>>

type Misfits<Row, Wanted> = {
  readonly [Name in keyof Wanted & string]-?: Name extends keyof Row
    ? Row[Name] extends Wanted[Name] ? never : `the field "${Name}" of the stream's rows is of another kind`
    : undefined extends Wanted[Name] ? never : `the stream's rows have no field "${Name}"`
}[keyof Wanted & string]
