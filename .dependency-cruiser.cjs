/** Directions of imports that package.json cannot say. The order of packages is checked by tools/tidy.test.ts; undeclared imports do not resolve. */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nobody-imports-an-app', severity: 'error', from: { path: '^packages/' }, to: { path: '^apps/' } },
    { name: 'browser-ground-has-no-node', severity: 'error', from: { path: '^packages/(ground/faults|ground/money|wire/web-monetization)/', pathNot: '\\.test\\.ts$' }, to: { dependencyTypes: ['core'] } },
    { name: 'only-through-exports', severity: 'error', from: { path: '^(packages/\\w+/[^/]+|apps/[^/]+)/' }, to: { path: '^(packages/\\w+/[^/]+|apps/[^/]+)/src/(?!(index|testing|migrations|config|accounts|peers|stripe)\\.ts$)', pathNot: '^$1/' } },
    { name: 'sql-only-in-stores', severity: 'error', from: { pathNot: '(/src/(store|migrations)(\\.|/)|/src/[^.]+-store\\.ts$|^packages/engine/postgres/|\\.pg\\.test\\.ts$|/src/testing\\.ts$)' }, to: { path: 'node_modules/(kysely|pg)/', dependencyTypesNot: ['type-only'] } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' }, exclude: { path: '(^(packages|apps)/.*/dist/|\\.css$)' }, combinedDependencies: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default', 'types'], extensions: ['.ts', '.tsx', '.js'] },
  },
}
