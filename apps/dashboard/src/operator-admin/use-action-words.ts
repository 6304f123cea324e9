import { useTranslation } from 'react-i18next'
import { adminEn } from '../words/admin-en.ts'

/** What an action is called; one without words of its own is shown by its name. */
export function useActionWords(): (name: string) => string {
  const { t } = useTranslation()
  return (name) => {
    const key = name.replaceAll('.', '-')
    return Object.hasOwn(adminEn.admin.actions, key) ? t(`admin.actions.${key as keyof typeof adminEn.admin.actions}`) : name
  }
}
