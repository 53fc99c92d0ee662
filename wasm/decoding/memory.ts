/** Memory is taken from one end to the other, and never given back: what is outgrown was half as large. */
let top: usize = (__heap_base + 15) & ~15

/** Where so many bytes are free from now on, aligned to sixteen; 0 where there are none. */
export function allocate(size: usize): usize {
  const place = top
  const end = (place + size + 15) & ~15
  const pages = <i32>((end + 0xffff) >> 16)
  const missing = pages - memory.size()
  // A quarter more, since all views of it have to be made anew.
  if (missing > 0 && memory.grow(max(missing, memory.size() >> 2)) < 0 && memory.grow(missing) < 0) return 0
  top = end
  return place
}

/** Sixteen bytes of ones and sixteen of zeros: from `ones - n` on there are n ones. */
export const ones: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
]) + 16
