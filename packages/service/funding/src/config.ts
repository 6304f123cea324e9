/** What a configuration is checked with: without the services, which a command may not need. */
export { type Tariffs, tariffSchema } from './economics/costs.ts'
