import { configureGlobal } from 'fast-check'

// The same cases each time, so that a change is judged by itself; HOSTDEV_SEED=random goes looking for others.
const seed = process.env.HOSTDEV_SEED ?? '20261120'
if (seed !== 'random') configureGlobal({ seed: Number(seed) })
