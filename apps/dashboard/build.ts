/** Builds the three entrances into `dist/`. Run by `pnpm build`, and before `pnpm start` when the sources have changed. */
import { build } from 'vite'

await build({ configFile: `${import.meta.dirname}/vite.config.ts`, logLevel: 'warn' })
