/** The topic into which a cluster writes panes, as the log that they are carried out of. */
import { Context, Layer } from "effect"
import { EventLog } from "../../streams/ports/EventLog.ts"

export class PaneLog extends Context.Service<PaneLog, EventLog["Service"]>()("courant/spark/PaneLog") {
  /** A log of any backend as this one. */
  static readonly from = <E, R>(log: Layer.Layer<EventLog, E, R>): Layer.Layer<PaneLog, E, R> =>
    Layer.effect(PaneLog, EventLog).pipe(Layer.provide(log))
}
