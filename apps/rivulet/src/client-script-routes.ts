import { agentHeaders, clientScriptFiles, monetizeHeaders } from '@rivulet/client-script'
import { Router } from 'express'

/** `monetize.js` for any page, and the agent: the only page of the wallet that may be framed. */
export function clientScriptRoutes(walletUrl: string): Router {
  const router = Router()
  router.get('/monetize.js', (_request, response) => response.set(monetizeHeaders).sendFile(clientScriptFiles.monetizeJs))
  router.get('/agent', (_request, response) => response.set(agentHeaders(walletUrl)).sendFile(clientScriptFiles.agentHtml))
  router.get('/agent/agent.js', (_request, response) => response.set(monetizeHeaders).sendFile(clientScriptFiles.agentJs))
  return router
}
