import { useTranslation } from 'react-i18next'
import { en } from '../words/en.ts'

/** What an action is called; one without words of its own is shown by its name. */
export function useActionWords(): (name: string) => string {
  const { t } = useTranslation()
  return (name) => {
    const key = name.replaceAll('.', '-')
    return Object.hasOwn(en.admin.actions, key) ? t(`admin.actions.${key as keyof typeof en.admin.actions}`) : name
  }
}
