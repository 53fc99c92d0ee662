/** AssemblyScript to a module of TypeScript that holds the bytes of WebAssembly. */
import { main } from "assemblyscript/asc"

const options = [
  "--runtime", "stub", "--optimizeLevel", "3", "--shrinkLevel", "1", "--converge", "--noAssert",
  "--enable", "simd", "--use", "abort=", "--outFile", "decoding.wasm"
]

/** The text of `machineCode.ts` for the sources in a folder. */
export const decoding = async (folder: string): Promise<string> => {
  let made: Uint8Array | undefined
  const { error, stderr } = await main(["main.ts", "--baseDir", folder, ...options], {
    writeFile: (_, contents) => {
      // The only file that is asked for is binary.
      made = contents as Uint8Array
    }
  })
  if (error !== null || made === undefined) throw new Error(`${error?.message}\n${stderr}`)
  const lines = Buffer.from(made).toString("base64").match(/.{1,110}/g) ?? []
  return `/** Made of \`wasm/decoding/\` by \`npm run wasm\`. */\nexport const base64 =\n${lines.map((line) => `  "${line}"`).join(" +\n")}\n`
}
