/**
 * What random cases are drawn from: the same each time, so that a change is judged by itself. HOSTDEV_SEED=… goes
 * looking for others, as `npm run nightly` does.
 */
export const seed = Number(process.env.HOSTDEV_SEED ?? 20261120)
