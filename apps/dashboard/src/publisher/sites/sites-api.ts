import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../../api.ts'
import { personSchema } from '../../session/session.ts'

const finding = z.enum(['found', 'nothing', 'other-text', 'other-site', 'no-answer', 'no-name'])
export type Finding = z.infer<typeof finding>

const siteSchema = z.object({
  id: z.string(),
  origin: z.string(),
  state: z.enum(['unproven', 'proven', 'lost']),
  provenSinceMs: z.nullable(z.number()),
  foundAtMs: z.nullable(z.number()),
  lostAtMs: z.nullable(z.number()),
  checkedAtMs: z.nullable(z.number()),
  findings: z.nullable(z.object({ dns: finding, file: finding })),
  /** Absent for a site without a name. */
  record: z.nullable(z.object({ name: z.string(), text: z.string() })),
  file: z.object({ url: z.string(), text: z.string() }),
})
export type Site = z.infer<typeof siteSchema>

const sitesSchema = z.object({ person: personSchema, sites: z.array(siteSchema) })

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadSites(): Promise<z.infer<typeof sitesSchema>> {
  return await callApi('/api/sites', { answer: sitesSchema })
}

/** @param site a host name, or any address on the site */
export async function addSite(site: string): Promise<Site> {
  return await callApi('/api/sites', { method: 'POST', body: { site }, answer: siteSchema })
}

export async function checkSite(id: string): Promise<Site> {
  return await callApi(`/api/sites/${encodeURIComponent(id)}/check`, { method: 'POST', answer: siteSchema })
}

export async function removeSite(id: string): Promise<void> {
  await callApi(`/api/sites/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}
