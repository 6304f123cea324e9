import type { mailedEn, mailedErrorsEn } from './mailed-en.ts'

export const mailedFr: typeof mailedEn = {
  mailed: {
    forgotten: 'Mot de passe oublié ?',
    forgottenTitle: 'Un nouveau mot de passe',
    forgottenLead: 'Écrivez l’e-mail de votre compte. S’il y en a un, un lien arrive par courriel.',
    forgottenSend: 'Envoyer le lien',
    forgottenSent: 'S’il y a un compte avec {{email}}, un courriel avec un lien est en route. Le lien est valable une heure.',
    resetTitle: 'Choisissez un nouveau mot de passe',
    resetSave: 'Enregistrer',
    resetDone: 'Le nouveau mot de passe est enregistré, et vous êtes déconnecté partout.',
    confirmTitle: 'Confirmez votre adresse',
    confirming: 'Votre adresse est en cours de confirmation.',
    confirmed: 'Votre adresse est confirmée. Vous pouvez vous connecter.',
    lookTitle: 'Regardez vos courriels',
    look: 'Un courriel à {{email}} dit comment continuer. Son lien est valable 24 heures. Quand vous l’aurez suivi, connectez-vous ici.',
    toSignIn: 'Se connecter',
  },
  mailbox: {
    title: 'Boîte aux lettres du bac à sable',
    why: 'Rien ne quitte un bac à sable. Ce qu’il aurait envoyé se lit ici.',
    empty: 'Aucun courriel pour l’instant',
    emptyWhy: 'Créez un compte, demandez un nouveau mot de passe ou payez une formule : le courriel apparaît ici.',
    to: 'À {{to}}, {{date}}',
    asSent: 'Tel qu’il est envoyé',
  },
}

export const mailedErrorsFr: typeof mailedErrorsEn = {
  'reset-password-disabled': 'Cette installation n’envoie pas de courriels. Demandez un nouveau mot de passe à son exploitant.',
  'invalid-token': 'Ce lien a déjà servi, ou il est trop ancien. Demandez-en un nouveau.',
  'token-expired': 'Ce lien est trop ancien. Connectez-vous avec votre mot de passe, et un nouveau arrive par courriel.',
}
