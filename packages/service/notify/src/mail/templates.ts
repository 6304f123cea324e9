/** What is written to people. No text of another person's choosing stands in a mail that a stranger can cause: such mails would carry his words. */
import { type Money, dayWords, moneyWords } from './money-words.ts'
import { type English, type Language, localeOf } from './language.ts'

/** A template with what it needs; `url` is where the mail leads. */
export type MailContent =
  | { readonly template: 'confirm-address'; readonly fields: { readonly url: string } }
  /** Somebody signed up with an e-mail that has an account. */
  | { readonly template: 'account-exists'; readonly fields: { readonly url: string } }
  | { readonly template: 'reset-password'; readonly fields: { readonly url: string } }
  | { readonly template: 'confirm-payment'; readonly fields: { readonly plan: string; readonly price: Money; readonly untilMs: number; readonly url: string } }
  /** Announced before the first charge; `period`: of the price. */
  | { readonly template: 'trial-ends'; readonly fields: { readonly plan: string; readonly price: Money; readonly period: 'month' | 'year'; readonly endsMs: number; readonly url: string } }
  | { readonly template: 'renewal-failed'; readonly fields: { readonly plan: string; readonly price: Money; readonly retryAtMs: number | undefined; readonly url: string } }
  | { readonly template: 'subscription-ended'; readonly fields: { readonly plan: string; readonly url: string } }
  | { readonly template: 'receipt'; readonly fields: { readonly plan: string; readonly paid: Money; readonly paidMs: number; readonly url: string } }
  /** A share that an address elsewhere did not take; `running`: whether she has a plan that spends it. */
  | { readonly template: 'share-returned'; readonly fields: { readonly returned: Money; readonly running: boolean; readonly url: string } }
  | { readonly template: 'payout-sent'; readonly fields: { readonly payout: Money; readonly fee: Money; readonly to: string; readonly url: string } }
  | { readonly template: 'payout-returned'; readonly fields: { readonly payout: Money; readonly reason: string; readonly url: string } }
  /** She, or who is signed in as her, has said where payouts go. */
  | { readonly template: 'payout-moved'; readonly fields: { readonly to: string; readonly url: string } }
  | { readonly template: 'site-lost'; readonly fields: { readonly site: string; readonly url: string } }
  | { readonly template: 'passkey-added'; readonly fields: { readonly url: string } }
  | { readonly template: 'operator-invited'; readonly fields: { readonly url: string } }
  | { readonly template: 'account-erased'; readonly fields: { readonly url: string } }

export type MailTemplate = MailContent['template']

/** A text in paragraphs, with a link in its middle. */
interface Words {
  readonly subject: string
  readonly before: readonly string[]
  readonly link: string
  readonly after: readonly string[]
}

/** What a reader gets. */
export interface Rendered {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export function render(content: MailContent, language: Language, englishOf?: English): Rendered {
  const { subject, before, link, after } = language === 'fr' ? french(content) : english(content, localeOf('en', englishOf))
  const { url } = content.fields
  const close = language === 'fr' ? 'Rivulet. Ce message a été envoyé automatiquement.' : 'Rivulet. This message was sent automatically.'
  return {
    subject,
    text: [...before, `${link}${language === 'fr' ? '\u00a0:' : ':'}\n${url}`, ...after, `-- \n${close}`].join('\n\n'),
    html: [
      `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>${escaped(subject)}</title>`,
      '<body style="margin:0;padding:24px;background:#f4f6f5;color:#16211d;font:16px/1.5 sans-serif"><div style="max-width:560px;margin:0 auto;padding:32px;background:#fff;border-radius:12px">',
      ...before.map(paragraph),
      `<p style="margin:24px 0"><a href="${escaped(url)}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#0b6e5b;color:#fff;text-decoration:none">${escaped(link)}</a></p>`,
      ...after.map(paragraph),
      `<p style="margin:32px 0 0;color:#5b6763;font-size:13px">${escaped(close)}</p></div></body></html>`,
    ].join('\n'),
  }
}

function paragraph(text: string): string {
  return `<p style="margin:0 0 16px">${escaped(text)}</p>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function english({ template, fields }: MailContent, locale: string): Words {
  const [money, day] = [(given: Money) => moneyWords(given, locale), (ms: number) => dayWords(ms, locale)]
  switch (template) {
    case 'confirm-address':
      return { subject: 'Confirm your address', before: ['Somebody, we hope you, has made an account with this address.'], link: 'Confirm this address', after: ['The link works for 24 hours. If it was not you, do nothing: without the confirmation nobody gets in.'] }
    case 'account-exists':
      return { subject: 'You already have an account', before: ['Somebody, perhaps you, tried to make an account with this address. There is one already, and nothing about it has changed.'], link: 'Sign in, or choose a new password', after: ['If it was not you, do nothing.'] }
    case 'reset-password':
      return { subject: 'Choose a new password', before: ['You, or somebody else, asked for a new password for this address.'], link: 'Choose a new password', after: ['The link works once, within an hour. If it was not you, do nothing: the old password stays.'] }
    case 'confirm-payment':
      return {
        subject: `Confirm your payment of ${money(fields.price)}`, before: [`Your bank asks whether you want to pay ${money(fields.price)} for ${fields.plan}. Until you say so nothing is charged.`], link: 'Confirm the payment',
        after: [`You can do this until ${day(fields.untilMs)}. If you do nothing, the payment lapses.`],
      }
    case 'trial-ends':
      return {
        subject: `Your free days end on ${day(fields.endsMs)}`, before: [`Your free days with ${fields.plan} end on ${day(fields.endsMs)}. From then on your card is charged ${money(fields.price)} a ${fields.period}, until you cancel.`], link: 'See your plan',
        after: ['If you do not want that, cancel before that day: then nothing is charged.'],
      }
    case 'renewal-failed':
      return {
        subject: 'Your renewal could not be paid',
        before: [`Your card did not pay the renewal of ${fields.plan}, ${money(fields.price)}.`, ...(fields.retryAtMs === undefined ? [] : [`We try again on ${day(fields.retryAtMs)}.`])],
        link: 'See your plan, or use another card',
        after: ['A new card is charged at once, and reading goes on.'],
      }
    case 'subscription-ended':
      return { subject: 'Your plan has ended', before: [`Your plan ${fields.plan} has ended. Nothing more is charged.`], link: 'Choose a plan', after: ['Thank you for having paid for what you read.'] }
    case 'receipt':
      return { subject: `Receipt: ${money(fields.paid)}`, before: [`Thank you. On ${day(fields.paidMs)} you paid ${money(fields.paid)} for ${fields.plan}.`], link: 'See your plan and its invoices', after: [] }
    case 'share-returned':
      return {
        subject: `${money(fields.returned)} came back to you`, before: [`${money(fields.returned)} of what you had shared came back: a wallet at another provider did not take it. ${fields.running ? 'It is in your budget again, for what you read next.' : 'It is on your account, for the next plan that you choose.'}`],
        link: 'See your activity', after: ['You need do nothing. Nothing more is shared with that wallet until it takes payments again.'],
      }
    case 'payout-sent':
      return { subject: `Payout sent: ${money(fields.payout)}`, before: [`${money(fields.payout)} are on their way to ${fields.to}.`, `The fee was ${money(fields.fee)}.`], link: 'See your payouts', after: [] }
    case 'payout-returned':
      return { subject: `Payout returned: ${money(fields.payout)}`, before: [`A payout of ${money(fields.payout)} came back: ${fields.reason}`, 'The money is in your balance again.'], link: 'See your payouts', after: ['Check where payouts are sent before you ask for the next one.'] }
    case 'payout-moved':
      return { subject: 'Where your payouts go has changed', before: [`From now on your payouts go to ${fields.to}.`], link: 'See your payouts', after: ['If it was not you, say again where they go, sign out everywhere else, choose a new password, and tell the operator.'] }
    case 'site-lost':
      return { subject: `The proof of ${fields.site.slice(0, 60)} has vanished`, before: [`The record or file that proves that ${fields.site} is yours was not found any more, three times in a row.`, 'What readers pay still arrives; only the site no longer counts as proven.'], link: 'See what was looked for', after: ['Put the record or the file back: it is found within a day, or at once when you ask for it.'] }
    case 'passkey-added':
      return { subject: 'A passkey was added to your account', before: ['From now on whoever has it can sign in as you, without a password.'], link: 'See your passkeys', after: ['If it was not you, sign in, remove the passkey, sign out everywhere else and choose a new password.'] }
    case 'operator-invited':
      return { subject: 'You are an operator of Rivulet now', before: ['Another operator made you an account, so that you can look after this installation with them.'], link: 'Choose your password', after: ['The link works once, within seven days; afterwards ask for a new password where operators sign in. If you know nothing of it, do nothing.'] }
    case 'account-erased':
      return { subject: 'Your account is being erased', before: ['You asked for your account to be erased. You are signed out everywhere, nothing more is paid or charged, and what is known of you is forgotten within minutes.'], link: 'What Rivulet is', after: ['Invoices stay for as long as the law demands, and the books keep their amounts under numbers instead of names. It cannot be undone.'] }
  }
}

function french({ template, fields }: MailContent): Words {
  const [money, day] = [(given: Money) => moneyWords(given, 'fr'), (ms: number) => dayWords(ms, 'fr')]
  switch (template) {
    case 'confirm-address':
      return { subject: 'Confirmez votre adresse', before: ['Quelqu’un, vous sans doute, a créé un compte avec cette adresse.'], link: 'Confirmer cette adresse', after: ['Le lien est valable 24 heures. Si ce n’était pas vous, ne faites rien : sans confirmation, personne n’entre.'] }
    case 'account-exists':
      return { subject: 'Vous avez déjà un compte', before: ['Quelqu’un, peut-être vous, a voulu créer un compte avec cette adresse. Il y en a déjà un, et rien n’y a changé.'], link: 'Se connecter, ou choisir un nouveau mot de passe', after: ['Si ce n’était pas vous, ne faites rien.'] }
    case 'reset-password':
      return { subject: 'Choisissez un nouveau mot de passe', before: ['Vous, ou quelqu’un d’autre, avez demandé un nouveau mot de passe pour cette adresse.'], link: 'Choisir un nouveau mot de passe', after: ['Le lien sert une fois, dans l’heure. Si ce n’était pas vous, ne faites rien : l’ancien mot de passe reste.'] }
    case 'confirm-payment':
      return {
        subject: `Confirmez votre paiement de ${money(fields.price)}`, before: [`Votre banque demande si vous voulez payer ${money(fields.price)} pour ${fields.plan}. Tant que vous ne l’avez pas dit, rien n’est débité.`], link: 'Confirmer le paiement',
        after: [`Vous avez jusqu’au ${day(fields.untilMs)}. Si vous ne faites rien, le paiement est abandonné.`],
      }
    case 'trial-ends':
      return {
        subject: `Vos jours gratuits se terminent le ${day(fields.endsMs)}`, before: [`Vos jours gratuits avec ${fields.plan} se terminent le ${day(fields.endsMs)}. Ensuite, votre carte est débitée de ${money(fields.price)} par ${fields.period === 'year' ? 'an' : 'mois'}, jusqu’à ce que vous résiliiez.`], link: 'Voir votre formule',
        after: ['Si vous ne le souhaitez pas, résiliez avant ce jour : rien ne sera débité.'],
      }
    case 'renewal-failed':
      return {
        subject: 'Votre renouvellement n’a pas pu être payé',
        before: [`Votre carte n’a pas payé le renouvellement de ${fields.plan}, ${money(fields.price)}.`, ...(fields.retryAtMs === undefined ? [] : [`Nous réessayons le ${day(fields.retryAtMs)}.`])],
        link: 'Voir votre formule, ou utiliser une autre carte',
        after: ['Une nouvelle carte est débitée aussitôt, et la lecture continue.'],
      }
    case 'subscription-ended':
      return { subject: 'Votre formule a pris fin', before: [`Votre formule ${fields.plan} a pris fin. Plus rien n’est débité.`], link: 'Choisir une formule', after: ['Merci d’avoir payé ce que vous avez lu.'] }
    case 'receipt':
      return { subject: `Reçu : ${money(fields.paid)}`, before: [`Merci. Le ${day(fields.paidMs)}, vous avez payé ${money(fields.paid)} pour ${fields.plan}.`], link: 'Voir votre formule et ses factures', after: [] }
    case 'share-returned':
      return {
        subject: `${money(fields.returned)} vous sont revenus`, before: [`${money(fields.returned)} de ce que vous aviez partagé sont revenus : un portefeuille chez un autre prestataire ne les a pas acceptés. ${fields.running ? 'Ils sont de nouveau dans votre budget, pour vos prochaines lectures.' : 'Ils sont sur votre compte, pour la prochaine formule que vous choisirez.'}`],
        link: 'Voir votre activité', after: ['Vous n’avez rien à faire. Plus rien n’est partagé avec ce portefeuille tant qu’il n’accepte pas de paiements.'],
      }
    case 'payout-sent':
      return { subject: `Versement envoyé : ${money(fields.payout)}`, before: [`${money(fields.payout)} sont en route vers ${fields.to}.`, `Les frais ont été de ${money(fields.fee)}.`], link: 'Voir vos versements', after: [] }
    case 'payout-returned':
      return { subject: `Versement retourné : ${money(fields.payout)}`, before: [`Un versement de ${money(fields.payout)} est revenu : ${fields.reason}`, 'L’argent est de nouveau dans votre solde.'], link: 'Voir vos versements', after: ['Vérifiez où les versements sont envoyés avant d’en demander un autre.'] }
    case 'payout-moved':
      return { subject: 'La destination de vos versements a changé', before: [`Désormais, vos versements vont à ${fields.to}.`], link: 'Voir vos versements', after: ['Si ce n’était pas vous, indiquez de nouveau où ils vont, déconnectez-vous partout ailleurs, choisissez un nouveau mot de passe et prévenez l’exploitant.'] }
    case 'site-lost':
      return { subject: `La preuve de ${fields.site.slice(0, 60)} a disparu`, before: [`L’enregistrement ou le fichier qui prouve que ${fields.site} est à vous n’a plus été trouvé, trois fois de suite.`, 'Ce que paient les lecteurs arrive toujours ; seul le site ne compte plus comme prouvé.'], link: 'Voir ce qui a été cherché', after: ['Remettez l’enregistrement ou le fichier : il sera trouvé dans la journée, ou aussitôt si vous le demandez.'] }
    case 'passkey-added':
      return { subject: 'Une clé d’accès a été ajoutée à votre compte', before: ['Désormais, qui la possède peut se connecter à votre place, sans mot de passe.'], link: 'Voir vos clés d’accès', after: ['Si ce n’était pas vous, connectez-vous, retirez la clé d’accès, déconnectez-vous partout ailleurs et choisissez un nouveau mot de passe.'] }
    case 'operator-invited':
      return { subject: 'Vous êtes désormais exploitant de Rivulet', before: ['Un autre exploitant vous a créé un compte, pour que vous veilliez avec lui sur cette installation.'], link: 'Choisir votre mot de passe', after: ['Le lien sert une fois, dans les sept jours ; ensuite, demandez un nouveau mot de passe à l’entrée des exploitants. Si vous n’en savez rien, ne faites rien.'] }
    case 'account-erased':
      return { subject: 'Votre compte est en cours d’effacement', before: ['Vous avez demandé l’effacement de votre compte. Vous êtes déconnecté partout, plus rien n’est payé ni débité, et ce que l’on sait de vous est oublié en quelques minutes.'], link: 'Ce qu’est Rivulet', after: ['Les factures restent aussi longtemps que la loi l’exige, et les livres gardent leurs montants sous des numéros au lieu de noms. C’est irréversible.'] }
  }
}
