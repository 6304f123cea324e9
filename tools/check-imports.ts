/** Runs dependency-cruiser, and fails when it saw too few modules: with TypeScript 7 as `typescript` it passes on none. */
import { spawnSync } from 'node:child_process'

const modulesMin = 40
const { status, stdout, stderr } = spawnSync('depcruise', ['packages', 'apps', '--config', '.dependency-cruiser.cjs'], { encoding: 'utf8' })
console.log((stdout + stderr).trim())
const modules = Number(/(\d+) modules,/.exec(stdout)?.[1] ?? 0)
if (modules < modulesMin) console.error(`dependency-cruiser saw ${modules} modules, expected at least ${modulesMin}`)
process.exitCode = status === 0 && modules >= modulesMin ? 0 : 1
