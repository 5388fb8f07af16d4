// Runs the command as the sources stand: `npm start`, `npm run hostdev -- ARGS`.
import { bundleCli } from './bundle-cli.mjs'

await import(await bundleCli())
