import { lazy, Suspense } from 'react'
import { Frame, type FrameProps } from '../look/frame.tsx'
import { Loading } from '../look/notice.tsx'

const Page = lazy(async () => ({ default: (await import('./security-page.tsx')).SecurityPage }))

/** The page at `/security`: only who opens it loads it. */
export function SecurityPage({ entrance }: { readonly entrance: FrameProps['entrance'] }): React.JSX.Element {
  return (
    <Suspense fallback={<Frame entrance={entrance}><Loading /></Frame>}>
      <Page entrance={entrance} />
    </Suspense>
  )
}
