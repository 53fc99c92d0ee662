/**
 * Memory of what was read, given back as soon as nobody needs it. Left to the garbage collector, it has all of the heap
 * searched each time that 64 MiB more have come, which costs as much as decoding what was read.
 */

/** Gives an array's memory back, which nothing else may be in. What is small, or of Node's shared pool, is not worth it. */
export const giveBack = ({ buffer }: ArrayBufferView): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}

/** Gives back what a socket gave, once it is copied. */
export const giveBackChunks = (chunks: ReadonlyArray<Buffer>): void => {
  for (const chunk of chunks) {
    // Each has its memory to itself. What is before the answer in the first was read before; what is behind it in the last is not.
    if (chunk.byteOffset + chunk.byteLength === chunk.buffer.byteLength) giveBack(chunk)
  }
}

/** Gives back what several look at, each a part of it, when all of them have said that they are done. */
export const shared = (bytes: ArrayBufferView, holders: number): () => void => {
  let left = holders
  return () => {
    if (--left === 0) giveBack(bytes)
  }
}

/** At most once, however often it is called. */
export const once = (release: () => void): () => void => {
  let isReleased = false
  return () => {
    if (isReleased) return
    isReleased = true
    release()
  }
}
