import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { settingsOf } from './settings.ts'

const settingNamed = (config: ReturnType<typeof readConfig>, name: string, more?: string) => settingsOf(config, config.given, config.plans).flatMap(({ settings }) => settings).find((setting) => setting.name === name && setting.more === more)

test('each setting says where it was said and where it is changed, and no secret is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-settings-'))
  const before = process.env['RIVULET_LOG']
  process.env['RIVULET_LOG'] = 'warn'
  try {
    writeFileSync(join(folder, 'rivulet.json'), JSON.stringify({ sandbox: true, ilpAddress: 'test.mine', tariffs: { sandbox: { rate: '0.01', fixed: '0.1' } }, payouts: { minimum: '5000000000', bank: { name: 'Mine', iban: 'DE89370400440532013000' } } }))
    const config = readConfig({ data: folder, port: '0' })
    expect(settingNamed(config, 'ilpAddress')).toEqual({ name: 'ilpAddress', value: { type: 'text', text: 'test.mine' }, source: 'file', at: 'rivulet.json: ilpAddress' })
    expect(settingNamed(config, 'asset')).toMatchObject({ source: 'built-in', at: 'rivulet.json: asset' })
    expect(settingNamed(config, 'log')).toEqual({ name: 'log', value: { type: 'text', text: 'warn' }, source: 'environment', at: 'RIVULET_LOG' })
    expect(settingNamed(config, 'data')).toMatchObject({ source: 'command-line', at: '--data' })
    expect(settingNamed(config, 'payoutMinimum')).toMatchObject({ value: { type: 'money', units: '5000000000', assetCode: 'EUR', assetScale: 9 }, source: 'file' })
    expect(settingNamed(config, 'tariff', 'sandbox')).toMatchObject({ source: 'file', at: 'rivulet.json: tariffs.sandbox' })
    expect(settingNamed(config, 'bank')?.value).toEqual({ type: 'text', text: 'Mine, … 3000' })
    expect(settingNamed(config, 'smtp')?.value).toEqual({ type: 'secret', set: false })
    const told = JSON.stringify(settingsOf(config, config.given, config.plans))
    for (const secret of [config.secrets.auth, config.secrets.seal, config.secrets.peer, config.secrets.control, config.secrets.instance, 'DE893704']) expect(told).not.toContain(secret)
  } finally {
    if (before === undefined) delete process.env['RIVULET_LOG']
    else process.env['RIVULET_LOG'] = before
    rmSync(folder, { recursive: true })
  }
})
