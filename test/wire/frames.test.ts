import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../src/wire/frames.js'

/** Frames of one length byte, which counts itself, and a body. */
function reader() {
  const frames: string[] = []
  const lengthOf = (header: Buffer) => {
    if (header[0] === 0) throw new Error('no frame is empty')
    return header[0] as number
  }
  return { frames, reader: new FrameReader(1, lengthOf, (frame) => frames.push(frame.subarray(1).toString())) }
}

const frame = (body: string) => Buffer.from([body.length + 1, ...Buffer.from(body)])

describe('FrameReader', () => {
  it('finds the same frames however the stream is cut', () => {
    const bodies = fc.array(fc.string({ maxLength: 100 }).map((text) => text.replace(/[^ -~]/g, '')))
    fc.assert(
      fc.property(bodies, fc.infiniteStream(fc.integer({ min: 1, max: 50 })), (all, cuts) => {
        const { frames, reader: frameReader } = reader()
        let rest = Buffer.concat(all.map(frame))
        while (rest.length > 0) {
          const size = cuts.next().value as number
          frameReader.push(rest.subarray(0, size))
          rest = rest.subarray(size)
        }
        expect(frames).toEqual(all)
      }),
    )
  })

  it('throws at a header that claims what cannot be', () => {
    expect(() => reader().reader.push(Buffer.from([0]))).toThrow('no frame is empty')
  })

  it('takes a large frame in many pieces in linear time', () => {
    let size = 0
    const large = new FrameReader(
      4,
      (header) => header.readUInt32BE(0),
      (bytes) => {
        size = bytes.length
      },
    )
    const total = 16 * 1024 * 1024
    const bytes = Buffer.alloc(total)
    bytes.writeUInt32BE(total, 0)
    // joined at each piece they would be 268 GB to copy, which no test has the time for
    for (let at = 0; at < total; at += 512) large.push(bytes.subarray(at, at + 512))
    expect(size).toBe(total)
  })
})
