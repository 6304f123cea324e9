/** Apart from the page’s words: every entrance loads it. */
export const activityErrorsEn = {
  'period-invalid': 'Choose 1 to 400 days, the first before the last.',
  'activity-too-long': 'So many days have too much to show. Choose fewer.',
}
