export { agentHeaders, buildClientScript, type ClientScript, clientScriptFiles, monetizeHeaders } from './files.ts'
