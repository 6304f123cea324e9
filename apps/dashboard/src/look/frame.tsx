import { ActionIcon, Button, Container, Group, Menu, Text, useMantineColorScheme } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { chooseAndRemember, isLanguage, languages } from '../words/words.ts'
import { GroupedWays } from './grouped-ways.tsx'
import { Mark } from './mark.tsx'
import { wayAt } from './ways.ts'

export interface FrameProps {
  readonly entrance: 'wallet' | 'publisher' | 'operator'
  /** Who is signed in. */
  readonly person?: { readonly name: string; readonly email: string } | undefined
  readonly onSignOut?: () => void
  readonly wide?: boolean
  readonly children: React.ReactNode
}

/** The page around a page: name, language, appearance, account, the ways to the other pages; and a way past them for the keyboard. */
export function Frame({ entrance, person, onSignOut, wide = false, children }: FrameProps): React.JSX.Element {
  const { t } = useTranslation()
  // What has one thing to decide, such as a consent, has no ways around it.
  const ways = person !== undefined && wayAt(entrance, location.pathname) !== undefined
  const size = wide || entrance === 'operator' ? 1440 : ways ? 1240 : 1040
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t('frame.skip')}
      </a>
      <header className="frame-head">
        <Container size={size} className="frame-bar">
          <a className="frame-brand" href="/">
            <Mark />
            <span className="frame-name">{t('product')}</span>
            <span className="frame-entrance">{t(`entrance.${entrance}`)}</span>
          </a>
          <Group gap={6} wrap="nowrap">
            <LanguageSwitch />
            <AppearanceSwitch />
            {person !== undefined && <AccountMenu person={person} onSignOut={onSignOut} />}
          </Group>
        </Container>
      </header>
      <main id="content" tabIndex={-1}>
        <Container size={size} className="frame-body">
          {ways ? (
            <div className="frame-sides">
              <GroupedWays entrance={entrance} />
              <div className={wide ? 'frame-side' : 'frame-side frame-side-narrow'}>{children}</div>
            </div>
          ) : (
            children
          )}
        </Container>
      </main>
    </div>
  )
}

function LanguageSwitch(): React.JSX.Element {
  const { t, i18n } = useTranslation()
  const spoken = isLanguage(i18n.language) ? languages[i18n.language] : i18n.language
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-md" className="frame-control" aria-label={`${t('frame.language')}: ${spoken}`}>
          {spoken}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(languages).map(([tag, name]) => (
          <Menu.Item key={tag} lang={tag} aria-current={tag === i18n.language} onClick={() => void (isLanguage(tag) && chooseAndRemember(tag))}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function AppearanceSwitch(): React.JSX.Element {
  const { t } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const choices = [
    ['light', t('frame.light')],
    ['dark', t('frame.dark')],
    ['auto', t('frame.system')],
  ] as const
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" className="frame-control" aria-label={t('frame.appearance')}>
          <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
            <circle cx="9" cy="9" r="7" fill="none" stroke="currentColor" strokeWidth="1.6" />
            <path d="M9 2a7 7 0 0 1 0 14z" fill="currentColor" />
          </svg>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([scheme, name]) => (
          <Menu.Item key={scheme} aria-current={scheme === colorScheme} onClick={() => setColorScheme(scheme)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function AccountMenu({ person, onSignOut }: { readonly person: { readonly name: string; readonly email: string }; readonly onSignOut: (() => void) | undefined }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <ActionIcon variant="light" size="lg" radius="xl" className="frame-account" aria-label={`${t('frame.account')}: ${person.name}`}>
          {person.name.slice(0, 1).toUpperCase()}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div className="frame-person">
          <Text fw={650} size="sm">
            {person.name}
          </Text>
          <Text size="sm" c="dimmed">
            {person.email}
          </Text>
        </div>
        <Menu.Item component="a" href="/security">
          {t('security.title')}
        </Menu.Item>
        <Menu.Item onClick={onSignOut}>{t('frame.signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
