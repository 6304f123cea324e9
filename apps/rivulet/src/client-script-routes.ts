import { agentHeaders, clientScriptFiles, monetizeHeaders } from '@rivulet/client-script'
import { Router } from 'express'

/** The checkout may lie below a folder whose name begins with a dot. */
const anywhere = { dotfiles: 'allow' } as const

/** `monetize.js` for any page, and the agent: the only page of the wallet that may be framed. */
export function clientScriptRoutes(walletUrl: string): Router {
  const router = Router()
  router.get('/monetize.js', (_request, response) => response.set(monetizeHeaders).sendFile(clientScriptFiles.monetizeJs, anywhere))
  router.get('/agent', (_request, response) => response.set(agentHeaders(walletUrl)).sendFile(clientScriptFiles.agentHtml, anywhere))
  router.get('/agent/agent.js', (_request, response) => response.set(monetizeHeaders).sendFile(clientScriptFiles.agentJs, anywhere))
  return router
}
