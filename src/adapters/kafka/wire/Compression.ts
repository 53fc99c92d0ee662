/** How record batches may be compressed (https://kafka.apache.org/documentation/#recordbatch, attributes). */
import { lz4Decompress, snappyDecompress } from "@platformatic/wasm-utils"
import { gunzipSync, zstdDecompressSync } from "node:zlib"

/** By the codec's number; 0 is none. */
const codecs: { readonly [codec: number]: (data: Buffer) => Buffer } = {
  1: (data) => gunzipSync(data),
  2: (data) => snappy(data),
  // The decompressor wants an alignment that a part of a larger buffer may not have.
  3: (data) => lz4Decompress(Buffer.from(data)),
  4: (data) => zstdDecompressSync(data)
}

/** Throws where the codec is unknown or the data damaged. */
export const decompress = (codec: number, data: Buffer): Buffer => {
  const decompress = codecs[codec]
  if (decompress === undefined) throw new RangeError(`compression ${codec} is unknown`)
  return decompress(data)
}

/** Java clients frame snappy in blocks (xerial/snappy-java), others send it bare. */
const snappy = (data: Buffer): Buffer => {
  if (!data.subarray(0, xerial.length).equals(xerial)) return snappyDecompress(Buffer.from(data))
  const blocks: Array<Buffer> = []
  // After the mark come two version numbers.
  for (let at = xerial.length + 8; at < data.length;) {
    const length = data.readInt32BE(at)
    blocks.push(Buffer.from(snappyDecompress(Buffer.from(data.subarray(at + 4, at + 4 + length)))))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
