/** Waits until the event loop has gone round once: what came in meanwhile has been dealt with. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    // browsers lack setImmediate
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve)
  })
}
