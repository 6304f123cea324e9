export const operatorsErrorsEn = {
  'read-only': 'Your role only looks. Ask another operator to do this, or to change your role.',
  'email-taken': 'There is an operator with this email already.',
  'operator-unknown': 'There is no such operator.',
  'operator-self': 'Another operator must do this: nobody changes her own role.',
  'operator-changed': 'It is so already, or somebody changed it meanwhile. Look at the list again.',
  'operators-too-many': 'There are as many operators as there can be.',
}
