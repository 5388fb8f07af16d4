/** How a connection is watched for a peer that no longer answers. */
export interface KeepAliveOptions {
  /** Milliseconds of silence after which a ping is sent. */
  readonly interval: number
  /** How many pings in a row may stay unanswered. */
  readonly count: number
}

/** libvirt's own values (libvirtd.conf, keepalive_interval and keepalive_count). */
export const defaultKeepAlive: KeepAliveOptions = { interval: 5000, count: 5 }

/** Pings a silent peer, and says when it is dead. */
export class KeepAlive {
  readonly #timer: NodeJS.Timeout
  #heard = false
  #unanswered = 0

  constructor({ interval, count }: KeepAliveOptions, ping: () => void, dead: () => void) {
    this.#timer = setInterval(() => {
      if (this.#heard) this.#unanswered = 0
      else if (this.#unanswered === count) dead()
      else {
        this.#unanswered++
        ping()
      }
      this.#heard = false
    }, interval)
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heard = true
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
