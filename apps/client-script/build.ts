/** `node apps/client-script/build.ts` builds what the wallet serves to pages. */
import { buildClientScript } from './src/index.ts'

await buildClientScript()
