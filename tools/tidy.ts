/** What the repository asks of itself beyond types and lint: the order of packages, and words that may not appear outside their home. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { layers } from './layers.ts'

const server = /^(packages\/(?!wire\/web-monetization)|apps\/rivulet\/)/
const banned: readonly { pattern: RegExp; home: RegExp; instead: string }[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(/, home: /^packages\/ground\/time\//, instead: 'take a Clock' },
  { pattern: /\bMath\.random\(|\brandomUUID\(/, home: /^packages\/ground\/ids\//, instead: 'take an id from ground/ids' },
  { pattern: /\bprocess\.env\b/, home: /^apps\/rivulet\/src\/config\.ts/, instead: 'read it in config.ts and pass it in' },
  { pattern: /\b10 \*\* \w*[sS]cale/, home: /^packages\/ground\/money\//, instead: 'use the scale functions of ground/money (bigint)' },
]

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
}

/** @param files paths below `root` */
export function orderErrors(root: string, files: readonly string[]): readonly string[] {
  const layerOf = (path: string): number => layers.indexOf(path.replace(/^packages\//, '').replace(/\/package\.json$/, ''))
  const manifests = files.filter((path) => /^packages\/\w+\/[^/]+\/package\.json$/.test(path))
  if (manifests.length === 0) return ['no package was looked at']
  const packages = new Map(
    manifests.map((path) => {
      const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest
      return [manifest.name, { path, manifest }] as const
    }),
  )
  const errors: string[] = []
  for (const { path, manifest } of packages.values()) {
    if (layerOf(path) < 0) errors.push(`${path}: not listed in tools/layers.ts`)
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const target = packages.get(dependency)
      if (target !== undefined && layerOf(target.path) >= layerOf(path)) errors.push(`${path}: may not depend on ${dependency}`)
    }
  }
  return errors
}

/** @param files paths below `root` */
export function homeErrors(root: string, files: readonly string[]): readonly string[] {
  const sources = files.filter((path) => /^(packages|apps)\/.*\/src\/.*\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
  if (sources.length === 0) return ['no source was looked at']
  const errors: string[] = []
  for (const path of sources.filter((source) => server.test(source))) {
    for (const [index, line] of readFileSync(join(root, path), 'utf8').split('\n').entries()) {
      for (const { pattern, home, instead } of banned) {
        const found = pattern.exec(line)
        if (found !== null && !home.test(path)) errors.push(`${path}:${index + 1}: ${found[0]}: ${instead}`)
      }
    }
  }
  return errors
}
