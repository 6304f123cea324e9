import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApiFault } from '../api.ts'
import { en } from '../words/en.ts'
import { operatorEntranceEn } from '../words/operator-entrance-en.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { fieldOf } from './peers-api.ts'

/** What is wrong with each field of a form, as it was found here or refused by the server; and a refusal that is about none. */
export function useWrong(fault: ApiFault | undefined): { readonly wrong: (field: string) => string | undefined; readonly check: (found: readonly string[]) => boolean; readonly elsewhere: ApiFault | undefined } {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  const [found, setFound] = useState<readonly string[]>([])
  const refused = fieldOf(fault)
  const known = (field: string): field is keyof typeof operatorEntranceEn.peers.wrong => Object.hasOwn(operatorEntranceEn.peers.wrong, field)
  return {
    wrong(field) {
      if (found.includes(field) && known(field)) return t(`peers.wrong.${field}`)
      if (fault === undefined || refused !== field) return undefined
      if (fault.code === 'key-reused') return t('peers.keyUsed')
      return Object.hasOwn(en.errors, fault.code) ? faultWords(fault) : known(field) ? t(`peers.wrong.${field}`) : fault.message
    },
    check(wrong) {
      setFound(wrong)
      return wrong.length === 0
    },
    elsewhere: refused === undefined ? fault : undefined,
  }
}
