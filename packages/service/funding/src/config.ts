/** What a configuration is checked with: without the services, which a command may not need. */
export { costOf, type Tariffs, tariffSchema } from './economics/costs.ts'
