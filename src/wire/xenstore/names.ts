import { errorDomains, VirtError } from '../../errors.js'

const absoluteMax = 3072
const relativeMax = 2048

const wellFormed = /^(\/|(?!@)\/?[\w@-]+(\/[\w@-]+)*)$/

/** Where changes of which domains exist can be watched. */
const specialPaths = ['@introduceDomain', '@releaseDomain']

/**
 * Refuses a path that xenstored would: other characters than letters, digits and `/_@-`, an empty part, more than 3072
 * bytes (2048 for one that begins in the client's own domain). `/` alone is the root.
 */
export function checkPath(path: string): void {
  const max = path.startsWith('/') ? absoluteMax : relativeMax
  if (path.length > max || !wellFormed.test(path))
    throw invalid(`${JSON.stringify(path.slice(0, 100))} is no xenstore path: its parts are letters, digits and _@-`)
}

/** As {@link checkPath}, for what can be watched: the coming and going of domains too. */
export function checkWatchPath(path: string): void {
  if (!specialPaths.includes(path)) checkPath(path)
}

/** A letter and a domain: `n` nothing, `r` read, `w` write, `b` both. */
export type StorePermission = `${'n' | 'r' | 'w' | 'b'}${number}`

/** Refuses what is no list of permissions. The first is the owner's; its letter is for everybody not named. */
export function checkPermissions(permissions: readonly StorePermission[]): void {
  const wrong = permissions.find((permission) => !/^[nrwb]\d{1,5}$/.test(permission))
  if (permissions.length === 0 || wrong !== undefined)
    throw invalid(`${JSON.stringify(wrong ?? '')} is no xenstore permission: a letter of nrwb and a domain, as in r5`)
}

/** Refuses what is no number of a domain. */
export function checkDomain(domain: number): void {
  if (!Number.isInteger(domain) || domain < 0 || domain > 0x7fff)
    throw invalid(`${domain} is no Xen domain: 0 to 32767`)
}

const invalid = (message: string): VirtError =>
  new VirtError('invalid-argument', message, { errorDomain: errorDomains.xen })
