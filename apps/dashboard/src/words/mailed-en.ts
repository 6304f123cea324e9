export const mailedEn = {
  mailed: {
    forgotten: 'Forgot your password?',
    forgottenTitle: 'A new password',
    forgottenLead: 'Write the email of your account. If there is one, a link comes by mail.',
    forgottenSend: 'Send the link',
    forgottenSent: 'If there is an account with {{email}}, a mail with a link is on its way. The link works for an hour.',
    resetTitle: 'Choose a new password',
    resetSave: 'Save the new password',
    resetDone: 'The new password is saved, and you are signed out everywhere.',
    confirmTitle: 'Confirm your address',
    confirming: 'Your address is being confirmed.',
    confirmed: 'Your address is confirmed. You can sign in now.',
    lookTitle: 'Look into your mail',
    look: 'A mail to {{email}} says how to go on. Its link works for 24 hours. When you have followed it, sign in here.',
    toSignIn: 'Sign in',
  },
  mailbox: {
    title: 'Mailbox of the sandbox',
    why: 'Nothing leaves a sandbox. What it would have mailed is read here.',
    empty: 'No mail yet',
    emptyWhy: 'Sign up, ask for a new password or pay a plan: the mail appears here.',
    to: 'To {{to}}, {{date}}',
    asSent: 'As it is sent',
  },
}

export const mailedErrorsEn = {
  'reset-password-disabled': 'This installation sends no mail. Ask its operator for a new password.',
  'invalid-token': 'This link has been used, or is too old. Ask for a new one.',
  'token-expired': 'This link is too old. Sign in with your password, and a new one comes by mail.',
}
