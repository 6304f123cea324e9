import '@fontsource-variable/schibsted-grotesk/wght.css'
import '@mantine/core/styles/baseline.css'
import '@mantine/core/styles/default-css-variables.css'
import '@mantine/core/styles/global.css'
import '@mantine/core/styles/UnstyledButton.css'
import '@mantine/core/styles/Button.css'
import '@mantine/core/styles/ActionIcon.css'
import '@mantine/core/styles/Alert.css'
import '@mantine/core/styles/Container.css'
import '@mantine/core/styles/Group.css'
import '@mantine/core/styles/Text.css'
import '@mantine/core/styles/Anchor.css'
import '@mantine/core/styles/Popover.css'
import '@mantine/core/styles/Menu.css'
import '@mantine/core/styles/Loader.css'
import '@mantine/core/styles/Input.css'
import '@mantine/core/styles/InlineInput.css'
import '@mantine/core/styles/PasswordInput.css'
import '@mantine/core/styles/Switch.css'
import '@mantine/core/styles/SegmentedControl.css'
import '@mantine/core/styles/FloatingIndicator.css'
import 'virtual:rivulet-theme.css'
import './look/look.css'
import { MantineProvider } from '@mantine/core'
import { Component, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import i18next from 'i18next'
import { theme } from './look/theme.ts'
import { Empty } from './look/notice.tsx'
import type { Words } from './words/en.ts'
import { startWords } from './words/words.ts'

/** Starts one entrance in its page. Styles are files of their own, so that a policy without 'unsafe-inline' holds. */
export async function openEntrance(page: React.ReactNode, words: Partial<Words> = {}): Promise<void> {
  await startWords(words)
  const root = document.querySelector('#root')
  if (root === null) throw new Error('the page has no #root')
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <Boundary>{page}</Boundary>
      </MantineProvider>
    </StrictMode>,
  )
}

/** A defect of a page ends in words, not in an empty window. */
class Boundary extends Component<{ readonly children: React.ReactNode }, { readonly broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError(): { readonly broken: boolean } {
    return { broken: true }
  }

  override render(): React.ReactNode {
    if (!this.state.broken) return this.props.children
    return (
      <Empty title={i18next.t('frame.broken')}>
        <a className="plain-button" href={location.href}>
          {i18next.t('frame.reload')}
        </a>
      </Empty>
    )
  }
}
