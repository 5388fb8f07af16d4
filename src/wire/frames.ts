/** Cuts a stream of bytes into frames that begin with a header of fixed length from which their length follows. */
export class FrameReader {
  #chunks: Buffer[] = []
  #size = 0
  #needed: number

  /**
   * `lengthOf` reads a header and answers the length of its whole frame, header included; it throws when no
   * frame can be that long, so that nothing is kept for a length that was only claimed. `deliver` gets each
   * frame; it must not keep it.
   */
  constructor(
    private readonly header: number,
    private readonly lengthOf: (header: Buffer) => number,
    private readonly deliver: (frame: Buffer) => void,
  ) {
    this.#needed = header
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // Until the frame is complete its chunks only pile up: joining them each time would be quadratic.
    if (this.#size < this.#needed) return

    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let at = 0
    for (;;) {
      const rest = bytes.length - at
      this.#needed = rest < this.header ? this.header : this.lengthOf(bytes.subarray(at, at + this.header))
      if (rest < this.#needed) break
      const end = at + this.#needed
      this.deliver(bytes.subarray(at, end))
      at = end
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : []
    this.#size = bytes.length - at
  }
}
