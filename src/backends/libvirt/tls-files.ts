import { errorDomains, VirtError } from '../../errors.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import type { TlsCredentials } from '../../os/tls.js'
import type { User } from './daemon-address.js'

/** Longer than any certificate. */
const maxSize = 4 * 1024 * 1024

type Pem = Omit<TlsCredentials, 'verify'>

/**
 * The certificates of this client, where libvirt's client looks for them (virNetTLSContextLocateCredentials): in
 * `pkipath`, where all have to be; else in ~/.pki/libvirt, except for root; else in /etc/pki. A client needs none of
 * its own, where the server does not ask for one.
 *
 * @throws VirtError `invalid-argument` for a file that has to be there and is not, `access-denied` for one that may not
 * be read
 */
export function tlsFiles(files: HostFiles, user: User, pkipath: string | undefined): Pem {
  if (pkipath !== undefined) {
    const own = folder(pkipath)
    const crl = read(files, own.crl)
    return {
      ca: needed(files, own.ca),
      cert: needed(files, own.cert),
      key: needed(files, own.key),
      ...(crl && { crl }),
    }
  }
  const personal = user.root ? undefined : folder(`${user.home}/.pki/libvirt`)
  const ca = personal && read(files, personal.ca)
  const crl = (personal && read(files, personal.crl)) ?? read(files, system.crl)
  return {
    ca: ca ?? needed(files, system.ca),
    ...(crl && { crl }),
    ...((personal && pair(files, personal)) ?? pair(files, system)),
  }
}

interface Places {
  readonly ca: string
  readonly crl: string
  readonly cert: string
  readonly key: string
}

const system: Places = {
  ca: '/etc/pki/CA/cacert.pem',
  crl: '/etc/pki/CA/cacrl.pem',
  cert: '/etc/pki/libvirt/clientcert.pem',
  key: '/etc/pki/libvirt/private/clientkey.pem',
}

const folder = (path: string): Places => ({
  ca: `${path}/cacert.pem`,
  crl: `${path}/cacrl.pem`,
  cert: `${path}/clientcert.pem`,
  key: `${path}/clientkey.pem`,
})

/** A certificate is of no use without its key. */
function pair(files: HostFiles, { cert, key }: Places): Pick<Pem, 'cert' | 'key'> | undefined {
  const found = read(files, cert)
  const secret = found && read(files, key)
  return found && secret && { cert: found, key: secret }
}

function needed(files: HostFiles, path: string): Uint8Array {
  const found = read(files, path)
  if (found) return found
  throw new VirtError('invalid-argument', `${path} is not there, and TLS needs it (libvirt.org/kbase/tlscerts.html)`, {
    path,
    errorDomain: errorDomains.rpc,
  })
}

function read(files: HostFiles, path: string): Uint8Array | undefined {
  const bytes = files.bytes(path, maxSize)
  // the array is only lent
  if (!(bytes instanceof Denied)) return Uint8Array.from(bytes)
  if (bytes.errno === 'ENOENT' || bytes.errno === 'ENOTDIR') return undefined
  throw new VirtError('access-denied', `${path} cannot be read (${bytes.errno})`, {
    path,
    errno: bytes.errno,
    errorDomain: errorDomains.rpc,
  })
}
