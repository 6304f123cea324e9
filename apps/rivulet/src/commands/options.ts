import { Command } from 'commander'
import { type ConfigOptions, defaultDataFolder } from '../config.ts'

/** Every command knows its data folder. */
export function commandOf(name: string, description: string): Command {
  return new Command(name).description(description).showHelpAfterError('(see rivulet --help)').option('--data <folder>', 'the data folder', defaultDataFolder)
}

/** And the servers also where they listen. */
export function serverCommandOf(name: string, description: string): Command {
  return commandOf(name, description)
    .option('--port <number>', 'the wallet’s port; receiver, operator and demo site take the next three; 0 takes free ones', '4000')
    .option('--tls <files...>', 'certificate chain and key: serve https')
    .option('--allow-local', 'accept http, ports and private addresses; the sandbox always does', false)
}

export interface ServerOptions extends ConfigOptions {
  readonly json?: boolean
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
