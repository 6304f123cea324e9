/** Apart from the page’s words: every entrance loads it. */
export const webhookErrorsEn = {
  'webhook-invalid': 'This address cannot be told anything. Write the whole address, over https, without user, password and #.',
  'webhook-unknown': 'This webhook has been removed already.',
  'webhooks-too-many': 'There are too many webhooks. Remove one that is no longer used.',
  'delivery-unknown': 'This delivery is not kept any more.',
  'delivery-pending': 'This event is being sent already.',
}
