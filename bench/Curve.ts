/** What something costs by how much there is of something else. */
export interface Curve {
  /** That of its picture, too. */
  readonly name: string
  readonly title: string
  readonly x: {
    readonly label: string
    /** Drawn by their logarithms; 0 stands a power of ten before the next. */
    readonly values: ReadonlyArray<number>
    readonly texts: ReadonlyArray<string>
  }
  /** By series, nanoseconds of CPU for each of these. */
  readonly measure: () => Series | Promise<Series>
}

export interface Series {
  readonly [name: string]: ReadonlyArray<number>
}
