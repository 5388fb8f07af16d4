import { array, int, opaque, optional, string, struct, type XdrType } from '../xdr.js'

// libvirt's src/remote/remote_protocol.x says what these are and how long they may be.

/** Text, as long as the protocol allows (REMOTE_STRING_MAX). */
export const text = string(4 * 1024 * 1024)

/** Text, or NULL. */
export const optionalText = optional(text)

const characters = array(int, 65536)

/** Bytes of a login, `char data<>` in the protocol: four on the wire for each (REMOTE_AUTH_SASL_DATA_MAX). */
export const chars: XdrType<Uint8Array> = {
  write: (out, value) => characters.write(out, [...value]),
  read: (input) => Uint8Array.from(characters.read(input), (character) => character & 0xff),
}

const uuidBytes = opaque(16)

/** A uuid, 16 bytes on the wire, with dashes and small letters here. */
export const uuid: XdrType<string> = {
  write: (out, value) => uuidBytes.write(out, Buffer.from(value.replaceAll('-', ''), 'hex')),
  read: (input) =>
    Buffer.from(uuidBytes.read(input))
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
}

/** What the protocol knows a guest by; `id` is -1 while it does not run. */
export const domain = struct({ name: text, uuid, id: int })

/** What the protocol knows a node device by. */
export const nodeDevice = struct({ name: text })

/** As many names of node devices, or of their capabilities, as one reply can have. */
export const names = array(text, 65536)

/**
 * A failure, `virError` on the wire. What the fields mean is for `code` and `domain` to say; `int1` is the errno of a
 * system error.
 */
export const remoteError = struct({
  code: int,
  domain: int,
  message: optionalText,
  level: int,
  dom: optional(domain),
  str1: optionalText,
  str2: optionalText,
  str3: optionalText,
  int1: int,
  int2: int,
  net: optional(struct({ name: text, uuid })),
})
