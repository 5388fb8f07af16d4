import { deadline, type Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { ByteStream } from '../../os/socket.js'

/** What a libvirtd sends when it has accepted the client's certificate (virNetServerClientSendTLSConfirmation). */
const accepted = 1

/**
 * Waits, after the handshake, for the byte by which a libvirtd says that it accepts this client too; the stream is that
 * without the byte. Rejects with `auth-failed` when it says something else or hangs up, `timeout` (10 seconds unless
 * told); the stream is closed then.
 */
export async function tlsConfirmation(
  stream: ByteStream,
  { signal, timeout = 10_000 }: Limits = {},
): Promise<ByteStream> {
  const refused = (cause?: unknown) =>
    new VirtError(
      'auth-failed',
      `${stream.peer}: libvirtd refuses this client's certificate, or has none of it; see its log, and tls_allowed_dn_list`,
      { errorDomain: errorDomains.rpc, cause },
    )
  const expired = (limit: number) =>
    new VirtError('timeout', `${stream.peer} has not accepted this client within ${limit} ms`, {
      errorDomain: errorDomains.rpc,
    })
  const early: Buffer[] = []
  let ended: { readonly error: VirtError | undefined } | undefined
  let reader: { data(chunk: Buffer): void; closed(error?: VirtError): void } | undefined
  try {
    await deadline({ signal, timeout }, expired, async () => {
      await new Promise<void>((resolve, reject) => {
        stream.receive(
          (chunk) => {
            if (reader) reader.data(chunk)
            else {
              if (early.length === 0 && chunk[0] !== accepted) reject(refused())
              early.push(chunk)
              resolve()
            }
          },
          (error) => {
            ended = { error }
            reader?.closed(error)
            reject(refused(error))
          },
        )
      })
    })
  } catch (error) {
    stream.close()
    throw error
  }
  const [first = Buffer.alloc(0), ...others] = early
  return {
    ...stream,
    receive(data, closed) {
      reader = { data, closed }
      for (const chunk of [first.subarray(1), ...others]) if (chunk.length > 0) data(chunk)
      if (ended) closed(ended.error)
    },
  }
}
