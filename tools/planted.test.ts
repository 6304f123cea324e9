/** Every rule of `pnpm check` is proven by a planted violation: the clean toy tree passes, the planted one fails for the reason named. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { homeErrors, orderErrors } from './tidy.ts'

const root = new URL('..', import.meta.url).pathname
const binaries = join(root, 'node_modules', '.bin')

type Tree = Readonly<Record<string, string>>

const manifest = (name: string, dependencies: Record<string, string> = {}): string =>
  JSON.stringify({ name: `@rivulet/${name}`, private: true, type: 'module', exports: { '.': './src/index.ts' }, dependencies })

const clean: Tree = {
  'package.json': JSON.stringify({ name: 'toy', private: true, type: 'module' }),
  'pnpm-workspace.yaml': 'packages:\n  - packages/*/*\n  - apps/*\n',
  'tsconfig.json': JSON.stringify({ extends: './tsconfig.base.json', include: ['packages', 'apps'] }),
  'packages/ground/money/package.json': manifest('money'),
  'packages/ground/money/src/index.ts': "export { double } from './double.ts'\n",
  'packages/ground/money/src/double.ts': 'export function double(units: bigint): bigint {\n  return units * 2n\n}\n',
  'packages/engine/links/package.json': manifest('links', { '@rivulet/money': 'workspace:*' }),
  'packages/engine/links/src/index.ts': "import { double } from '@rivulet/money'\nexport const four = double(2n)\n",
  'apps/rivulet/package.json': JSON.stringify({ ...(JSON.parse(manifest('app', { '@rivulet/links': 'workspace:*' })) as object), bin: './src/main.ts' }),
  'apps/rivulet/src/main.ts': "import { four } from '@rivulet/links'\nconsole.log(four)\n",
  'apps/rivulet/src/index.ts': 'export const app = 1\n',
}

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function plant(planted: Tree = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-planted-'))
  folders.push(folder)
  for (const file of ['.gitignore', '.dependency-cruiser.cjs', '.oxlintrc.json', 'tsconfig.base.json', 'knip.json']) cpSync(join(root, file), join(folder, file))
  const tree = { ...clean, ...planted }
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  mkdirSync(join(folder, 'node_modules', '@rivulet'), { recursive: true })
  for (const path of Object.keys(tree)) {
    const place = /^((?:packages\/\w+|apps)\/([^/]+))\/package\.json$/.exec(path)
    if (place === null) continue
    const { name } = JSON.parse(tree[path] ?? '{}') as { name: string }
    symlinkSync(join(folder, place[1] ?? ''), join(folder, 'node_modules', name))
  }
  for (const name of ['@types', 'vitest', 'typescript']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  symlinkSync(join(root, 'packages/engine/postgres/node_modules/kysely'), join(folder, 'node_modules/kysely'))
  return folder
}

function run(folder: string, tool: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(join(binaries, tool), args, { cwd: folder, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

const imports = (folder: string): ReturnType<typeof run> => run(folder, 'depcruise', 'packages', 'apps', '--config', '.dependency-cruiser.cjs')
const lint = (folder: string): ReturnType<typeof run> => run(folder, 'oxlint', '--deny-warnings')

describe('a clean tree', () => {
  let folder: string
  beforeAll(() => {
    folder = plant()
  })
  test('passes the direction of imports, and modules were seen', () => {
    const { status, output } = imports(folder)
    expect(output).toMatch(/no dependency violations found \([1-9]\d* modules/)
    expect(status).toBe(0)
  })
  test('passes the lint', () => expect(lint(folder)).toMatchObject({ status: 0 }))
  test('passes the types', () => expect(run(folder, 'tsc', '-p', 'tsconfig.json')).toMatchObject({ status: 0 }))
  test('passes the dead code check, save for what the toy exports to nobody', () => expect(run(folder, 'knip', '--include', 'files,dependencies').output).not.toContain('double.ts'))
})

describe('the direction of imports refuses', () => {
  test.each<[string, Tree]>([
    ['no-cycle', { 'packages/ground/money/src/double.ts': "import { half } from './half.ts'\nexport const double = half\n", 'packages/ground/money/src/half.ts': "import { double } from './double.ts'\nexport const half: unknown = double\n" }],
    ['nobody-imports-an-app', { 'packages/engine/links/src/index.ts': "import { app } from '@rivulet/app'\nexport const four = app\n", 'packages/engine/links/package.json': manifest('links', { '@rivulet/app': 'workspace:*' }) }],
    ['browser-ground-has-no-node', { 'packages/ground/money/src/double.ts': "import { cpus } from 'node:os'\nexport const double = cpus\n" }],
    ['only-through-exports', { 'packages/engine/links/src/index.ts': "import { double } from '../../../ground/money/src/double.ts'\nexport const four = double(2n)\n" }],
    ['sql-only-in-stores', { 'packages/engine/links/src/index.ts': "import { sql } from 'kysely'\nexport const four = sql\n", 'packages/engine/links/package.json': manifest('links', { kysely: '*' }) }],
    ['resolvable', { 'packages/engine/links/src/index.ts': "import { nothing } from 'never-declared'\nexport const four: unknown = nothing\n" }],
  ])('%s', (rule, planted) => {
    const { status, output } = imports(plant(planted))
    expect(output).toContain(rule)
    expect(status).not.toBe(0)
  })
})

describe('the lint refuses', () => {
  test.each<[string, string]>([
    ['no-floating-promises', 'export function four(): void {\n  Promise.resolve(4)\n}\n'],
    ['switch-exhaustiveness-check', "export function four(side: 'debit' | 'credit'): number {\n  switch (side) {\n    case 'debit':\n      return 4\n  }\n  return 0\n}\n"],
    ['no-explicit-any', 'export const four: any = 4\n'],
    ['strict-boolean-expressions', "export function four(text: string | undefined): string {\n  return text ? text : ''\n}\n"],
    ['only-throw-error', "export function four(): never {\n  throw 'four'\n}\n"],
    ['consistent-type-imports', "import { ServerOptions } from 'node:http'\nexport const four: ServerOptions = {}\n"],
    ['max-params', 'export function four(a: number, b: number, c: number, d: number, e: number): number {\n  return a + b + c + d + e\n}\n'],
    ['no-unsafe-assignment', "export function four(): number {\n  const parsed = JSON.parse('4')\n  return Number(parsed)\n}\n"],
    ['no-unsafe-call', "export const four: unknown = JSON.parse('4')()\n"],
    ['no-unsafe-member-access', "export const four: unknown = JSON.parse('{}').four\n"],
    ['no-misused-promises', 'export function four(): void {\n  [1].forEach(async () => {\n    await Promise.resolve()\n  })\n}\n'],
  ])('%s', (rule, source) => {
    const { status, output } = lint(plant({ 'packages/engine/links/src/index.ts': source }))
    expect(output).toContain(rule)
    expect(status).not.toBe(0)
  })
})

test('the lint refuses a cycle of imports', () => {
  const planted = { 'packages/ground/money/src/double.ts': "import { half } from './half.ts'\nexport const double: unknown = half\n", 'packages/ground/money/src/half.ts': "import { double } from './double.ts'\nexport const half: unknown = double\n" }
  const { status, output } = lint(plant(planted))
  expect(output).toContain('no-cycle')
  expect(status).not.toBe(0)
})

test('the types refuse an unchecked index and a wrong unit', () => {
  const { status, output } = run(plant({ 'packages/engine/links/src/index.ts': 'export const four: bigint = [4n][0]\n' }), 'tsc', '-p', 'tsconfig.json')
  expect(output).toContain('TS2322')
  expect(status).not.toBe(0)
})

test('the dead code check names a file and a dependency that nobody uses', () => {
  const planted = { 'packages/engine/links/src/forgotten.ts': 'export const forgotten = 4\n', 'packages/ground/money/package.json': manifest('money', { kysely: '*' }) }
  const { status, output } = run(plant(planted), 'knip')
  expect(output).toContain('forgotten.ts')
  expect(output).toContain('kysely')
  expect(status).not.toBe(0)
})

describe('the house refuses', () => {
  const files = (planted: Tree): string[] => Object.keys({ ...clean, ...planted })
  test.each<[string, Tree]>([
    ['a package that points up', { 'packages/ground/money/package.json': manifest('money', { '@rivulet/links': 'workspace:*' }) }],
    ['a package without a place', { 'packages/ground/cellar/package.json': manifest('cellar') }],
  ])('%s', (_, planted) => expect(orderErrors(plant(planted), files(planted))).toHaveLength(1))
  test.each<[string, string]>([
    ['time', 'export const four = Date.now()\n'],
    ['timers', 'setTimeout(() => undefined, 4)\nexport const four = 4\n'],
    ['chance', 'export const four = Math.random()\n'],
    ['environment', "export const four = process.env['FOUR']\n"],
    ['scale', 'export const four = (scale: number): number => 10 ** scale\n'],
  ])('%s outside its home', (_, source) => {
    const planted = { 'packages/engine/links/src/index.ts': source }
    expect(homeErrors(plant(planted), files(planted))).toHaveLength(1)
  })
  test('to pass when nothing was looked at', () => {
    expect(orderErrors(root, [])).toHaveLength(1)
    expect(homeErrors(root, [])).toHaveLength(1)
  })
})
