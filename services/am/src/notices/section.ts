/** Where an account's page leads to what its owner is told of. */
export const NOTIFICATIONS = {
  href: '/account/notifications',
  title: 'Notifications',
  note: 'Be told when something waits for you, or a service broke.',
} as const;
