/**
 * Work that pauses after every few keys: whoever does it hands on what has come out, and lets others have a turn. So a
 * window of a million keys closes little by little. In a pause what is kept is whole for a checkpoint that is being written,
 * and for nobody else: nothing new is begun before it is done.
 */
export type Work = Iterable<void>

/** Of what has been done at once. */
export const noWork: Readonly<Work> = []

/** Keys between two pauses of work that is light and puts nothing out. */
export const few = 512

/** Whether it is time for a pause, after so many keys. */
export const isTired = (keys: number): boolean => keys % few === 0

/** Whether so many keys are gone over without a pause: that needs no work to be made, of which there would be more than of what is done. */
export const areFew = (keys: number): boolean => keys < few

/** Does all of it at once. */
export const finish = (work: Work): void => {
  for (const _ of work);
}
