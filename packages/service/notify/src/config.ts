/** What a configuration is checked with: without the services, which a command may not need. */
export { englishes } from './mail/language.ts'
