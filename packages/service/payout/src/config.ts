/** What a configuration is checked with: without the services, which a command may not need. */
export { checkIban } from './destination.ts'
export { type PainVersion, painVersions } from './sepa/pain-version.ts'
