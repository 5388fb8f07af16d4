/** A place where hostdev's XML may differ from libvirtd's, and why. */
export interface Exception {
  /** Names of the devices it is about. */
  readonly device: RegExp
  /** The text that is not compared, in both documents. */
  readonly text: RegExp
  readonly reason: string
}

/** Each has to occur: an exception that no device needs any more fails the comparison. */
export const exceptions: readonly Exception[] = []

/** A document without what its exceptions cover, and the exceptions that were needed. */
export function withoutExceptions(name: string, xml: string): string {
  return exceptions
    .filter(({ device }) => device.test(name))
    .reduce((text, exception) => text.replace(exception.text, '(not compared)'), xml)
}
