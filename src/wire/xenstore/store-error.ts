import { type ErrorCode, errorDomains, VirtError } from '../../errors.js'

const codes: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'access-denied',
  EPERM: 'access-denied',
  EROFS: 'read-only',
  EINVAL: 'invalid-argument',
  EEXIST: 'operation-invalid',
  EISCONN: 'operation-invalid',
  EBUSY: 'resource-busy',
  EAGAIN: 'resource-busy',
  ENOSPC: 'limit-exceeded',
  E2BIG: 'limit-exceeded',
  ENOSYS: 'unsupported',
}

/** The failure that xenstored answered with, by the name of its errno. */
export function storeError(errno: string, operation: string, subject: string): VirtError {
  return new VirtError(codes[errno] ?? 'operation-failed', `${subject}: xenstored refuses ${operation}: ${errno}`, {
    errno,
    path: subject,
    errorDomain: errorDomains.xen,
  })
}

/** Whether a failure is xenstored's answer of that errno. */
export const isErrno = (error: unknown, errno: string): boolean => VirtError.is(error) && error.details.errno === errno
